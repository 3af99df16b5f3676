"""What the contract tests share."""

from __future__ import annotations

import pytest

from tests.support.foreign_programs import Libmodbus


@pytest.fixture(scope="session")
def libmodbus(tmp_path_factory: pytest.TempPathFactory) -> Libmodbus:
    """A server of libmodbus, compiled by the first test that starts one."""
    return Libmodbus(tmp_path_factory.mktemp("libmodbus"))

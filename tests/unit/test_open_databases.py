"""A database that nobody closed is told, on a Python that does not tell it by itself too."""

from __future__ import annotations

import gc
import sqlite3
from pathlib import Path

import pytest

from tests.support.open_databases import PYTHON_TELLS


def test_a_database_that_is_left_open_fails_a_test() -> None:
    with pytest.warns(ResourceWarning, match="unclosed database") as told:
        _leave_one_open()
    assert PYTHON_TELLS or __file__ in str(told[0].message)


def test_one_that_is_closed_does_not(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    sqlite3.connect(tmp_path / "closed").close()
    with pytest.raises(sqlite3.OperationalError):
        sqlite3.connect(tmp_path / "missing" / "file")
    gc.collect()
    assert not recwarn.list


def _leave_one_open() -> None:
    sqlite3.connect(":memory:").execute("SELECT 1")
    gc.collect()

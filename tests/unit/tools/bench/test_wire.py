"""The server that the benchmarks of the wire run against starts and names its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.bench.wire import running_server


@pytest.mark.parametrize("kind", ["tcp", "rtu"])
def test_the_server_of_the_benchmarks_starts(kind: str) -> None:
    with running_server(kind) as place:
        assert place.isdecimal() if kind == "tcp" else Path(place).is_char_device()

"""A change that cannot be compiled is a defect of the tool, and nothing that tests noticed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tools.mutation import runs
from tools.mutation.mutants import Mutant
from tools.mutation.names import Names


def test_a_change_that_cannot_be_compiled_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*parts: object) -> None:
        raise ValueError("BoolOp with less than 2 values")

    monkeypatch.setattr(runs, "code_of", fail)
    mutant = Mutant(
        path="cord.py",
        number=1,
        line=1,
        function="pull",
        change="a -> b",
        first_line=1,
        last_line=1,
        at_import=False,
        names=frozenset(),
    )
    task = runs.Task(mutant=mutant, groups=[["test_cord.py::test_it"]], seconds=0.0)
    with pytest.raises(runs.MutantUnmade, match="a -> b cannot be compiled"):
        list(runs.run_all([task], tmp_path, Names(), stop_at_s=math.inf))

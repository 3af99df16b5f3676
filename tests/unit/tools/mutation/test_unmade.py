"""A change that cannot be compiled is a defect of the tool, and nothing that tests noticed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tools.mutation import collected, runs
from tools.mutation.forks import MutantUnmade, Task
from tools.mutation.mutants import Mutant
from tools.mutation.names import Names


@pytest.mark.parametrize("loads_anew", [True, False])
def test_a_change_that_cannot_be_compiled_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loads_anew: bool
) -> None:
    def fail(*parts: object) -> None:
        raise ValueError("BoolOp with less than 2 values")

    monkeypatch.setattr(runs, "code_of", fail)
    monkeypatch.setattr(collected, "code_of", fail)
    (tmp_path / "test_cord.py").write_text("def test_it():\n    pass\n", encoding="utf-8")
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
    groups = [["test_cord.py::test_it"]]
    task = Task(mutant=mutant, groups=groups, test_s={groups[0][0]: 0.0}, loads_anew=loads_anew)
    with pytest.raises(MutantUnmade, match="a -> b cannot be compiled"):
        list(runs.run_all([task], tmp_path, Names(), stop_at_s=math.inf))

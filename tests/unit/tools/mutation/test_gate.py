"""Which mutants the gate chooses, and how it tells what it left out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.mutation.areas import AREAS, ROOT
from tools.mutation.gate import changed_mutants, drawn, not_run
from tools.mutation.mutants import Mutant


def mutant(line: int, path: str = "controller/cord.py") -> Mutant:
    return Mutant(
        path=path,
        number=line,
        line=line,
        function="pull",
        change=f"{line} -> 0",
        first_line=line,
        last_line=line + 1,
        at_import=False,
        names=frozenset(),
    )


def commit(folder: Path, text: str) -> None:
    (folder / "controller").mkdir(exist_ok=True)
    (folder / "controller" / "cord.py").write_text(text)
    who = ["-c", "user.name=A Tester", "-c", "user.email=tester@example.org"]
    for command in (["add", "--all"], [*who, "commit", "--quiet", "--message", "a step"]):
        subprocess.run(["git", *command], cwd=folder, check=True)


def test_the_mutants_of_statements_with_a_changed_line_are_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    commit(tmp_path, "a\nb\nc\nd\n")
    commit(tmp_path, "a\nb\nX\nd\n")
    mutants = [mutant(1), mutant(2), mutant(3), mutant(4), mutant(3, "controller/other.py")]
    assert changed_mutants(mutants, tmp_path) == [mutant(2), mutant(3)]
    assert "2 mutants in changed lines" in capsys.readouterr().out


def test_every_pattern_of_an_area_names_files_and_no_file_is_in_two_areas() -> None:
    for area in AREAS:
        for pattern in area.patterns:
            assert list(ROOT.glob(pattern)), f"{area.name}: {pattern} names no file"
        for folder in area.tests:
            assert (ROOT / folder).is_dir(), f"{area.name}: there is no {folder}"
    files = [path for area in AREAS for path in area.files(ROOT)]
    assert len(files) == len(set(files))


def test_without_a_history_it_is_said_that_nothing_was_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert changed_mutants([mutant(1)], tmp_path) == []
    assert "compared with nothing: no git history here" in capsys.readouterr().out


def test_the_draw_is_the_same_whatever_else_there_is() -> None:
    all_of_them = [mutant(line) for line in range(100)]
    chosen, rest = drawn(all_of_them, 30)
    again, _ = drawn(list(reversed(all_of_them)), 30)
    assert chosen == again
    assert sorted(m.line for m in (*chosen, *rest)) == list(range(100))
    assert [m.line for m in chosen] != list(range(30))


def test_what_was_not_run_is_counted_by_file() -> None:
    left_out = [mutant(1), mutant(2), mutant(1, "controller/other.py")]
    assert not_run(left_out) == (
        "not run: 3 mutants (2 in controller/cord.py, 1 in controller/other.py)"
    )
    assert not_run([]) == "not run: none"

"""What a run of the campaign takes over from the one before it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.mutation.forks import Fate
from tools.mutation.kept import KEPT, Kept
from tools.mutation.measured import Branches

FATES = {"a": Fate.KILLED, "b": Fate.SURVIVED, "c": Fate.TIMED_OUT, "d": Fate.UNREACHED}
NOTICED = {"a": Fate.KILLED, "c": Fate.TIMED_OUT}
SOURCE, TEST = "controller/cord.py", "tests/test_cord.py"


class Project:
    """A repository with a source, a test and the fates of its mutants."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "--quiet")
        self.write(SOURCE, "A = 1\nB = 2\n")
        self.write(TEST, "def test_a():\n    assert A\n")
        self.write(".gitignore", "build/\n")
        self.first = self.commit()
        kept = Kept(root)
        kept.fates |= FATES
        kept.branches["machine"] = Branches(run=1, all=2, missing={})
        kept.save()

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-c", "user.name=A Tester", "-c", "user.email=t@example.org", *arguments],
            cwd=self.root,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def add(self, name: str, text: str) -> None:
        self.write(name, (self.root / name).read_text() + text)

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "a step")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_with_the_same_sources_everything_is_taken_over(project: Project) -> None:
    project.write("README.md", "words")
    project.commit()
    again = Kept(project.root)
    assert (again.fates, again.runs) == (FATES, [project.first])
    assert again.branches == {"machine": Branches(run=1, all=2, missing={})}


def test_where_tests_were_only_added_what_was_noticed_is_taken_over(project: Project) -> None:
    project.add(TEST, "def test_b():\n    assert B\n")
    project.write("tests/test_more.py", "def test_c():\n    assert A\n")
    second = project.commit()
    again = Kept(project.root)
    assert (again.fates, again.runs) == (NOTICED, [project.first, second])
    assert again.branches == {}, "other tests take other branches"
    again.fates["b"] = Fate.KILLED
    again.save()
    assert Kept(project.root).runs == [project.first, second]
    project.add(TEST, "def test_d():\n    assert A\n")
    third = project.commit()
    later = Kept(project.root)
    assert later.runs == [project.first, second, third]
    assert later.fates == NOTICED | {"b": Fate.KILLED}


@pytest.mark.parametrize(
    "change",
    [
        lambda project: project.add(SOURCE, "C = 3\n"),
        lambda project: project.write(SOURCE, "A = 1\n"),
        lambda project: project.write("controller/new.py", "A = 1\n"),
        lambda project: project.write("tools/mutation/edits.py", "A = 1\n"),
        lambda project: project.write(TEST, "def test_a():\n    assert True\n"),
        lambda project: project.write(TEST, "def test_a():\n"),
        lambda project: project.git("mv", TEST, "tests/test_other.py"),
    ],
    ids=["source", "less source", "new source", "tool", "test changed", "test line", "test moved"],
)
@pytest.mark.parametrize("committed", [True, False])
def test_any_other_change_begins_anew(
    project: Project, change: Callable[[Project], object], committed: bool
) -> None:
    change(project)
    head = project.commit() if committed else ""
    again = Kept(project.root)
    assert (again.fates, again.branches, again.runs) == ({}, {}, [head])


def test_fates_of_uncommitted_sources_are_not_taken_over(project: Project) -> None:
    """Nobody could say later what they were found with."""
    project.add(SOURCE, "C = 3\n")
    dirty = Kept(project.root)
    dirty.fates |= FATES
    dirty.save()
    assert dirty.runs == [""]
    assert Kept(project.root).fates == FATES
    project.add(TEST, "def test_b():\n    assert B\n")
    assert Kept(project.root).fates == {}


def test_fates_that_name_no_commit_are_left(project: Project) -> None:
    path = project.root / KEPT
    told = json.loads(path.read_text())
    del told["runs"]
    path.write_text(json.dumps(told))
    again = Kept(project.root)
    assert (again.fates, again.runs) == ({}, [project.first])


def test_without_a_history_nothing_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    kept = Kept(tmp_path)
    kept.fates |= FATES
    kept.save()
    assert (tmp_path / KEPT).is_file()
    assert Kept(tmp_path).fates == FATES
    (tmp_path / "tests" / "test_new.py").write_text("")
    again = Kept(tmp_path)
    assert (again.fates, again.runs) == ({}, [""])

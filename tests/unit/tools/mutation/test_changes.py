"""Which lines count as changed, on repositories made for the purpose."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.mutation.changes import ChangesUnknown, base_of, changed_lines

CORD = """\
def pull(force_n):
    if force_n > 10:
        return "too much"
    return force_n


def release():
    return 0
"""


class Repository:
    """A repository with one commit on main."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "A Tester")
        self.git("config", "user.email", "tester@example.org")
        self.write("cord.py", CORD)
        self.commit("first")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def commit(self, words: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", words)
        return self.git("rev-parse", "HEAD")

    def changed(self) -> dict[str, set[int]]:
        base = base_of(self.folder)
        assert base.commit is not None
        return changed_lines(self.folder, base.commit)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = tmp_path / "repository"
    folder.mkdir()
    return Repository(folder)


def test_on_a_branch_everything_since_it_left_main_counts(repository: Repository) -> None:
    start = repository.git("rev-parse", "HEAD")
    repository.git("switch", "--quiet", "--create", "work")
    repository.write("cord.py", CORD.replace("> 10", "> 12"))
    repository.commit("second")
    repository.write("cord.py", CORD.replace("> 10", "> 12").replace("return 0", "return 1"))
    repository.commit("third")
    assert base_of(repository.folder).commit == start
    assert "merge base with main" in base_of(repository.folder).words
    assert repository.changed() == {"cord.py": {2, 8}}


def test_what_main_did_meanwhile_does_not_count(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "work")
    repository.write("cord.py", CORD.replace("> 10", "> 12"))
    repository.commit("ours")
    repository.git("switch", "--quiet", "main")
    repository.write("cord.py", CORD.replace("return 0", "return 1"))
    repository.commit("theirs")
    repository.git("switch", "--quiet", "work")
    assert repository.changed() == {"cord.py": {2}}


def test_on_main_the_last_commit_counts(repository: Repository) -> None:
    repository.write("cord.py", CORD.replace("> 10", "> 12"))
    repository.commit("second")
    assert "the last commit's parent" in base_of(repository.folder).words
    assert repository.changed() == {"cord.py": {2}}


def test_what_is_not_committed_yet_counts_too(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "work")
    repository.write("other.py", "x = 1\n")
    repository.commit("second")
    repository.write("cord.py", CORD.replace("> 10", "> 12"))
    repository.write("new.py", "\ny = 2\n")
    assert repository.changed() == {"other.py": {1}, "cord.py": {2}, "new.py": {2}}


def test_a_renamed_file_has_only_its_changed_lines(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "work")
    repository.git("mv", "cord.py", "rope.py")
    repository.write("rope.py", CORD.replace("> 10", "> 12"))
    repository.commit("renamed")
    assert repository.changed() == {"rope.py": {2}}


def test_a_function_that_moved_to_another_file_has_no_changed_line(repository: Repository) -> None:
    pull, _, release = CORD.partition("\n\n\n")
    repository.git("switch", "--quiet", "--create", "work")
    repository.write("cord.py", pull + "\n")
    repository.write("release.py", f'"""Moved."""\n\n{release}')
    repository.commit("moved")
    assert repository.changed() == {"release.py": {1}}


def test_a_copied_line_is_new(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "work")
    repository.write("cord.py", CORD + "\n\ndef release_fast():\n    return 0\n")
    repository.commit("copied")
    assert repository.changed() == {"cord.py": {11, 12}}


def test_indentation_alone_is_no_change(repository: Repository) -> None:
    repository.git("switch", "--quiet", "--create", "work")
    indented = "".join(f"    {line}\n" if line else "\n" for line in CORD.splitlines())
    repository.write("cord.py", f"class Cord:\n{indented}")
    repository.commit("indented")
    assert repository.changed() == {"cord.py": {1}}


def test_a_first_commit_has_nothing_to_compare_with(repository: Repository) -> None:
    base = base_of(repository.folder)
    assert base.commit is None
    assert "a first commit" in base.words


def test_a_shallow_clone_says_so(repository: Repository, tmp_path: Path) -> None:
    repository.write("cord.py", CORD.replace("> 10", "> 12"))
    repository.commit("second")
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", "--depth=1", f"file://{repository.folder}", str(clone))
    base = base_of(clone)
    assert base.commit is None
    assert "a shallow clone" in base.words


def test_a_folder_without_git_says_so(tmp_path: Path) -> None:
    base = base_of(tmp_path)
    assert base.commit is None
    assert "no git history here" in base.words


def test_a_base_that_git_does_not_know_is_an_error(repository: Repository) -> None:
    with pytest.raises(ChangesUnknown, match="run: git diff nowhere"):
        changed_lines(repository.folder, "nowhere")

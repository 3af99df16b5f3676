"""Steps that tests share: done once for the same bytes and words, and never for other ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from records.evidence.integrity import verify
from records.store.record_folder import RecordFolder
from tests.support.made_once import made_once
from tests.support.notes import recorded

Step = Callable[..., None]


@pytest.fixture
def done() -> list[str]:
    return []


@pytest.fixture
def step(done: list[str]) -> Step:
    """Adds a line to a file; fails without a word."""

    @made_once()
    def add(folder: RecordFolder, word: str) -> None:
        done.append(word)
        if not word:
            raise ValueError("no word")
        with (folder.path / "lines").open("a") as file:
            file.write(f"{word}{len(done)}\n")

    return add


def folder_with(path: Path, content: str) -> RecordFolder:
    path.mkdir()
    (path / "before").write_text(content)
    return RecordFolder(path)


def test_the_same_step_from_the_same_bytes_is_copied(
    tmp_path: Path, step: Step, done: list[str]
) -> None:
    first, second = (folder_with(tmp_path / name, "same") for name in ("a", "b"))
    for folder in (first, second):
        step(folder, "x")
        step(folder, "y")
    assert done == ["x", "y"]
    assert (second.path / "lines").read_text() == "x1\ny2\n"
    assert (second.path / "before").read_text() == "same"


@pytest.mark.parametrize("change", ["bytes", "mode", "name", "word", "setting"])
def test_anything_else_is_done_anew(
    tmp_path: Path, step: Step, done: list[str], change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    step(folder_with(tmp_path / "a", "same"), "x")
    other = folder_with(tmp_path / "b", "size" if change == "bytes" else "same")
    if change == "mode":
        (other.path / "before").chmod(0o640)
    if change == "name":
        (other.path / "before").rename(other.path / "after")
    if change == "setting":
        monkeypatch.setenv("TRACTION_TIME_ZONE", "Asia/Tokyo")
    step(other, "z" if change == "word" else "x")
    assert len(done) == 2


def test_a_step_that_fails_is_not_kept(tmp_path: Path, step: Step, done: list[str]) -> None:
    for name in ("a", "b"):
        with pytest.raises(ValueError, match="no word"):
            step(folder_with(tmp_path / name, "same"), "")
    assert done == ["", ""]


def test_a_copy_of_records_is_private_and_whole(tmp_path: Path) -> None:
    made, copied = (RecordFolder(tmp_path / name) for name in ("made", "copied"))
    for folder in (made, copied):
        recorded(folder, "s-copied")
    modes = [
        {
            path.relative_to(folder.path): path.stat().st_mode
            for path in [folder.path, *folder.path.rglob("*")]
        }
        for folder in (made, copied)
    ]
    assert modes[0] == modes[1]
    assert made.unit_databases()[0].read_bytes() == copied.unit_databases()[0].read_bytes()
    assert verify(copied).alterations == ()

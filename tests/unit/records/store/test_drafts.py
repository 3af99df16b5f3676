"""What a killed program leaves of a draft can always be told from a draft in work."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from records.store.drafts import SUFFIX, draft_beside, remove_left_overs


def made_and_left(place: Path) -> None:
    """A draft that is given up at the end, with files and folders in it."""
    with draft_beside(place / "copy.zip") as draft:
        fill(draft.folder)


def abandoned(place: Path) -> None:
    """A draft that a killed program left, removed by the next one."""
    folder = place / f"copy.zip.0123abcd{SUFFIX}"
    (folder / "content").mkdir(parents=True)
    (folder / "lock").touch()
    fill(folder)
    remove_left_overs(place)


def fill(folder: Path) -> None:
    (folder / "content" / "units").mkdir()
    (folder / "content" / "units" / "u.db").touch()
    (folder / "plain").touch()
    (folder / "zip").mkdir()
    (folder / "link").symlink_to(folder.parent)


@pytest.mark.parametrize("removed_by", [made_and_left, abandoned])
def test_the_lock_goes_after_all_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removed_by: Callable[[Path], None]
) -> None:
    """A kill on the way leaves the lock, without which nobody may say that the draft is dead."""
    removed: list[str] = []

    def noted(real: Callable[..., None]) -> Callable[..., None]:
        def remove(path: str | Path, *rest: object, **named: object) -> None:
            removed.append(Path(path).name)
            real(path, *rest, **named)

        return remove

    for name in ("unlink", "rmdir"):
        monkeypatch.setattr(os, name, noted(getattr(os, name)))
    removed_by(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert removed.count("lock") == 1
    assert removed[-2] == "lock"
    assert {"u.db", "units", "content", "plain", "zip", "link"} == set(removed[:-2])

"""`make campaign-keeping-cuts`: what keeps records is killed before every file operation.

Backup and restore in each form, the closing of a year, the moving of closed ones, the packing of
sessions at their seal and later, what is done with keys. SQLite's own operations count. Once as a
kill alone, once with the power gone as well, so that everything that was not synced is lost, and
some times with each such thing lost by chance. Afterwards the backup, the restored folder or the
file is there whole or not at all, what had been acknowledged is there, the next run succeeds and
nothing of the killed one is left.

python -m tests.campaigns.keeping_cuts [CHANCES] ["backup of copy.zip" ...]
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from pyrage.x25519 import Identity

from controller.errors import TractionError
from records.clinic.audit import accesses, record_read
from records.clinic.key_life import take_over_restored
from records.evidence.integrity import verify
from records.keeping.backup import back_up
from records.keeping.restore import RestoreReport, Trust, prove, restore
from records.keys.signing import NoKeyStore
from records.store.drafts import SUFFIX
from records.store.record_folder import RecordFolder
from tests.campaigns.power_cuts import scratch_folder
from tests.support.cut_files import (
    FINISHED,
    KILLED,
    Killed,
    Synced,
    always,
    by_chance,
    copy_disk,
    cut_power,
    run_killed,
)
from tests.support.made_once import content_of
from tests.support.notes import author, recorded
from tests.support.sessions import KEY

FORMS = ("copy", "copy.zip", "copy.zip.age")
CHANCES = 8
NEVER = "a kill alone"
SESSIONS = 1
MADE_UTC_MS = 1_770_000_000_000
OWN_FILES = {"profiles/own_cell.toml": "kind = 'gauge'\n", "code-lists/own.codes": "M50.120\n"}


def own_files(data: Path) -> dict[str, str]:
    """The clinic's own files that exist."""
    there = [name for name in OWN_FILES if (data / name).is_file()]
    return {name: (data / name).read_text(encoding="utf-8") for name in there}


@dataclass
class Result:
    """``wrong`` names what was neither done nor undone; it must stay empty."""

    cuts: int = 0
    operations: int = 0
    finished: int = 0
    wrong: list[str] = field(default_factory=list)


Found = TypeVar("Found")


class Disk:
    """A folder of records on a disk that is recreated for every cut."""

    def __init__(self, folder: Path, form: str) -> None:
        self.form = form
        self.root, self.log = folder / "disk", folder / "syncs.jsonl"
        self.data = self.root / "data"
        self.kept = folder / "kept"
        self._put_by = folder / "put by"
        self._content = ""
        self._answers: dict[str, Any] = {}

    def reset(self) -> None:
        """Restore the disk to its original state."""
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.kept, self.root)

    def put_by(self) -> None:
        """Save the present state of the disk for a second look."""
        shutil.rmtree(self._put_by, ignore_errors=True)
        copy_disk(self.root, self._put_by)

    def take_back(self) -> None:
        """Restore the saved state of the disk."""
        shutil.rmtree(self.root)
        self._put_by.rename(self.root)

    def cut_power(self, synced: Synced, lost: Callable[[], bool]) -> None:
        """Remove what was not synced."""
        cut_power(self.root, synced, lost)

    def is_sound(self) -> bool:
        """True if the records themselves are intact."""
        return not self.altered

    @property
    def altered(self) -> list[str]:
        """The inconsistencies of the records."""
        return self.once("altered", self._verify)

    def once(self, name: str, find: Callable[[], Found]) -> Found:
        """The result of ``find``, computed once while the disk is byte for byte the same."""
        content = content_of(self.root)
        if content != self._content:
            self._content, self._answers = content, {}
        if name not in self._answers:
            self._answers[name] = find()
        return cast("Found", self._answers[name])

    def _verify(self) -> list[str]:
        return [one.what for one in verify(RecordFolder(self.data)).alterations]

    @property
    def left_overs(self) -> list[str]:
        """Drafts of any program, anywhere."""
        return [str(path) for path in self.root.rglob(f"*{SUFFIX}")]


class Place(Disk):
    """A disk with backups of the records, and a folder to restore one to."""

    def __init__(self, folder: Path, form: str) -> None:
        super().__init__(folder, form)
        self.media = self.root / "media"
        self.new = self.root / "place" / "new"
        self.identity = folder / "identity.txt"
        self._key = Identity.generate()
        self.identity.write_text(str(self._key))
        recorded(RecordFolder(self.data))
        for name, text in OWN_FILES.items():
            (self.data / name).parent.mkdir(exist_ok=True)
            (self.data / name).write_text(text, encoding="utf-8")
        self.media.mkdir()
        self.new.parent.mkdir()
        self.back_up("source-")
        self.source = self.media / f"source-{form}"
        self.root.rename(self.kept)

    def back_up(self, prefix: str = "") -> None:
        """Make one more backup beside the others."""
        back_up(
            RecordFolder(self.data),
            self.media / f"{prefix}{self.form}",
            KEY,
            made_utc_ms=MADE_UTC_MS,
            program="test",
            recipients=[self._key.to_public()] if self._sealed else [],
        )

    def restore(self) -> None:
        """Restore the earlier backup into the new folder."""
        restore(
            self.source,
            RecordFolder(self.new),
            Trust(),
            identity=self.identity if self._sealed else None,
            before_rename=_keep_row,
        )

    def backup_is_whole(self, prefix: str = "") -> bool:
        """False if it does not exist; raises TractionError if it is incomplete."""
        target = self.media / f"{prefix}{self.form}"
        if not target.exists():
            return False
        identity = self.identity if self._sealed else None
        report = prove(target, self.root / "proof", Trust(), identity)
        if report.findings or report.sessions != SESSIONS or not {*OWN_FILES} <= {*report.files}:
            raise TractionError(f"{target.name}: {report.findings}, {report.files}")
        return True

    def folder_is_whole(self) -> bool:
        """False if it is missing or empty; raises TractionError if only part of it is there."""
        if not self.new.exists() or not any(self.new.iterdir()):
            return False
        report = verify(RecordFolder(self.new))
        rows = [row.what for row in accesses(RecordFolder(self.new))]
        if report.alterations or report.sessions != SESSIONS or "restore" not in rows:
            raise TractionError(f"restored: {report.alterations}, {rows}")
        if own_files(self.new) != OWN_FILES:
            raise TractionError(f"restored: {own_files(self.new)}")
        return True

    @property
    def _sealed(self) -> bool:
        return self.form.endswith(".age")


def _keep_row(folder: RecordFolder, report: RestoreReport) -> None:
    take_over_restored(folder, by="test", at_utc_ms=MADE_UTC_MS, store=NoKeyStore())
    record_read(folder, author(folder), "restore")


OneDisk = TypeVar("OneDisk", bound=Disk)


@dataclass(frozen=True, slots=True)
class Work(Generic[OneDisk]):
    """The work that is cut, how its result is checked, and its next run."""

    name: str
    forms: tuple[str, ...]
    make: Callable[[Path, str], OneDisk]
    do: Callable[[OneDisk], None]
    is_whole: Callable[[OneDisk], bool]
    again: Callable[[OneDisk], None]

    def __str__(self) -> str:
        return self.name


def _back_up_again(place: Place) -> None:
    place.back_up("next-")
    if not place.backup_is_whole("next-"):
        raise TractionError("the next backup is not there")


def _restore_again(place: Place) -> None:
    if place.folder_is_whole():
        try:
            place.restore()
        except TractionError:
            return
        raise TractionError("a second restore replaced the first")
    place.restore()
    if not place.folder_is_whole():
        raise TractionError("the next restore is not there")


WORKS = (
    Work("backup", FORMS, Place, Place.back_up, Place.backup_is_whole, _back_up_again),
    Work("restore", FORMS, Place, Place.restore, Place.folder_is_whole, _restore_again),
)


def cut_everywhere(
    work: Work[OneDisk],
    form: str,
    folder: Path,
    *,
    chances: int,
    every: int = 1,
    until_wrong: bool = False,
) -> Result:
    """Cut one work before each operation (or every ``every``-th), in each way.

    A disk that another cut left byte for byte the same is not checked again. ``until_wrong`` ends
    it at the first cut that left something wrong.
    """
    result, place = Result(), work.make(folder, form)
    looked: dict[tuple[str, int], list[str]] = {}
    whole = _kill(work, place, 0)
    if whole.status != FINISHED:
        result.wrong.append(f"{work.name} of {form} does not even end without a cut")
        return result
    result.operations = whole.operations
    for at in (*range(1, whole.operations + 1, every), whole.operations + 1):
        for way, status in _cuts(work, place, at, chances):
            result.cuts += 1
            result.finished += status == FINISHED
            if status != (KILLED if at <= whole.operations else FINISHED):
                result.wrong.append(f"before operation {at} the child ended with {status}")
            where = f"{work.name} of {form} before operation {at}, {way}"
            left = content_of(place.root), status
            if left not in looked:
                looked[left] = list(_look(work, place, status))
            result.wrong += [f"{where}: {what}" for what in looked[left]]
            if until_wrong and result.wrong:
                return result
    return result


def _cuts(work: Work[OneDisk], place: OneDisk, at: int, chances: int) -> Iterator[tuple[str, int]]:
    """Cut in each way; yields the way and the child's status, with the disk as the cut left it."""
    ended = _kill(work, place, at)
    place.put_by()
    place.cut_power(ended.synced, always)
    yield "nothing unsynced kept", ended.status
    place.take_back()
    yield NEVER, ended.status
    for number in range(chances):
        ended = _kill(work, place, at)
        place.cut_power(ended.synced, by_chance(1000 * at + number))
        yield f"kept by chance {number}", ended.status


def _kill(work: Work[OneDisk], place: OneDisk, at: int) -> Killed:
    place.reset()
    return run_killed(lambda: work.do(place), at, place.root, place.log)


def _look(work: Work[OneDisk], place: OneDisk, status: int) -> Iterator[str]:
    try:
        there = work.is_whole(place)
        if status == FINISHED and not there:
            yield "it was acknowledged and is not there"
        if not place.is_sound():
            yield "the records themselves are not whole"
        work.again(place)
    except (TractionError, OSError) as error:
        yield str(error)
    if place.left_overs:
        yield f"left over: {place.left_overs}"


def main() -> None:
    """Run the campaign; returns the exit status."""
    from tests.campaigns.packing_cuts import KEY_WORKS, PACKING_WORKS
    from tests.campaigns.year_cuts import YEAR_WORKS

    chances = int(sys.argv[1]) if len(sys.argv) > 1 else CHANCES
    works: tuple[Work[Any], ...] = (*WORKS, *YEAR_WORKS, *PACKING_WORKS, *KEY_WORKS)
    total = Result()
    for work, form in [(one, form) for one in works for form in one.forms]:
        name = f"{work.name} of {form}"
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        with scratch_folder() as folder:
            result = cut_everywhere(work, form, folder, chances=chances)
        print(
            f"{name}: {result.operations} operations, {result.cuts} cuts, "
            f"{len(result.wrong)} neither done nor undone",
            flush=True,
        )
        total.cuts += result.cuts
        total.wrong += result.wrong
    for line in total.wrong[:10]:
        print(line)
    print(f"{total.cuts} cuts, {len(total.wrong)} wrong")
    sys.exit(1 if total.wrong else 0)


if __name__ == "__main__":
    main()

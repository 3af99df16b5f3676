"""Files of closed years that were moved out of the folder: what clinic.db's chain says of them.

In the place of such a file stands ``<its name>.moved`` with the path where it lies now
(``records.store.record_folder``). Nobody believes that line: a file that is found there is checked
like every other, and one that is not counts as moved only where an entry of the chain says so.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller.errors import JournalError
from records.evidence.unreadable import refused_in_words
from records.store.author import Author
from records.store.clinic_chain import EntryKind, append_entries, entries_of_kind
from records.store.clinic_file import clinic_reading, clinic_writing
from records.store.record_folder import RecordFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class YearMove:
    """A file that was moved. ``file`` is its name below the folder, ``to`` where it was moved to.

    ``follows`` and ``follows_digest`` name the file before it, empty where there is none, so that
    that one is still followed by something while this one cannot be read.
    """

    file: str
    to: str
    digest: str
    follows: str
    follows_digest: str
    sessions: tuple[str, ...]
    by: str = ""
    day: str = ""

    @property
    def what(self) -> str:
        """What ``verify`` says while the file cannot be reached."""
        return (
            f"it was moved to {self.to} on {self.day} by {self.by} and cannot be reached there: "
            f"its {len(self.sessions)} sessions are not checked; connect the place, or copy it back"
        )


def note_move(folder: RecordFolder, author: Author, move: YearMove) -> None:
    """Note it in clinic.db's chain, signed."""
    said: dict[str, Any] = {**asdict(move), "sessions": list(move.sessions)}
    del said["day"]
    with clinic_writing(folder) as db:
        detail = {**said, "by": author.by, "user": author.user}
        append_entries(db, author, [(EntryKind.YEAR_FILE_MOVED, detail)])


def year_moves(folder: RecordFolder) -> dict[str, YearMove]:
    """The newest move of each file, by its name below the folder."""
    if not folder.clinic_database.exists():
        return {}
    try:
        with clinic_reading(folder) as db, refused_in_words("which files were moved"):
            entries = entries_of_kind(db, EntryKind.YEAR_FILE_MOVED)
            moves = [_move_of(entry.detail, entry.utc_ms) for entry in entries]
            return {move.file: move for move in moves}
    except JournalError:
        return {}  # verify says what is wrong with clinic.db


def moves_out_of_reach(folder: RecordFolder) -> list[YearMove]:
    """The moves whose files cannot be read from here."""
    known = {path.name for path in folder.year_databases()}
    return [move for move in year_moves(folder).values() if Path(move.file).name not in known]


def sessions_out_of_reach(folder: RecordFolder) -> frozenset[str]:
    """The ids of the sessions in those files."""
    return frozenset(name for move in moves_out_of_reach(folder) for name in move.sessions)


def _move_of(detail: Any, utc_ms: int) -> YearMove:
    return YearMove(
        file=str(detail["file"]),
        to=str(detail["to"]),
        digest=str(detail["digest"]),
        follows=str(detail["follows"]),
        follows_digest=str(detail["follows_digest"]),
        sessions=tuple(str(name) for name in detail["sessions"]),
        by=str(detail["by"]),
        day=datetime.fromtimestamp(utc_ms / 1000, UTC).strftime("%Y-%m-%d"),
    )

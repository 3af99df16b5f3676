"""Files of closed years that were moved out of the folder, according to clinic.db's chain.

``<its name>.moved`` replaces such a file and contains its present path
(``records.store.record_folder``). That line is not trusted: a file found there is checked like
every other, and a missing one counts as moved only where an entry of the chain says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from controller.events import JsonValue
from records.evidence.file_entries import Detail, entries_of_files, note_of_file
from records.store.author import Author
from records.store.clinic_chain import EntryKind
from records.store.record_folder import RecordFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class YearMove:
    """A moved file. ``file`` is its name below the folder, ``to`` where it was moved to.

    ``follows`` and ``follows_digest`` name the file before it, "" where there is none, so that that
    file still has a successor while this one cannot be read.
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
        """Returns ``verify``'s text while the file cannot be reached."""
        return (
            f"it was moved to {self.to} on {self.day} by {self.by} and cannot be reached there: "
            f"its {len(self.sessions)} sessions are not checked; connect the place, or copy it back"
        )


def note_move(folder: RecordFolder, author: Author, move: YearMove) -> None:
    """Note it in clinic.db's chain, signed."""
    said: dict[str, JsonValue] = {**asdict(move), "sessions": list(move.sessions)}
    del said["day"]
    note_of_file(folder, author, EntryKind.YEAR_FILE_MOVED, said)


def year_moves(folder: RecordFolder) -> dict[str, YearMove]:
    """Returns the newest move of each file, by its name below the folder."""
    moves = entries_of_files(folder, _move_of, EntryKind.YEAR_FILE_MOVED)
    return {move.file: move for move in moves}


def moves_out_of_reach(folder: RecordFolder) -> list[YearMove]:
    """Returns the moves whose files cannot be read from here."""
    return out_of_reach(folder, year_moves(folder).values())


def out_of_reach(folder: RecordFolder, moves: Iterable[YearMove]) -> list[YearMove]:
    """Returns those of the moves whose files cannot be read from here."""
    known = {path.name for path in folder.year_databases()}
    return [move for move in moves if Path(move.file).name not in known]


def miscounted(
    move: YearMove,
    last_session: int,
    moves: Mapping[str, YearMove],
    newest_in: Callable[[str], int | None],
) -> str:
    """Returns why a move's number of sessions differs from the file's; "" when it does not.

    ``last_session`` is the highest number in the file, according to the following one, signed. The
    sessions of a previous file that was moved as well count with it. ``newest_in`` gives the
    highest number in a file that was not moved, None where it cannot be read: then nothing is
    compared.
    """
    names, before, seen = len(move.sessions), move.follows, {move.file}
    while before in moves and before not in seen:
        seen.add(before)
        names += len(moves[before].sessions)
        before = moves[before].follows
    first = newest_in(before) if before else 0
    if first is None or first + names == last_session:
        return ""
    return (
        f"the entries of its move name {names} sessions behind number {first}, and by the file "
        f"that follows it its last one is number {last_session}"
    )


def sessions_out_of_reach(folder: RecordFolder) -> frozenset[str]:
    """Returns the ids of the sessions in those files."""
    return frozenset(name for move in moves_out_of_reach(folder) for name in move.sessions)


def _move_of(detail: Detail, utc_ms: int) -> YearMove:
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

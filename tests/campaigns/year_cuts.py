"""The closing of a year and the moving of closed ones, for ``keeping_cuts``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from controller.errors import TractionError
from records.evidence.integrity import verify
from records.evidence.reader import list_sessions
from records.evidence.year_files import close_year
from records.keeping.move_years import move_years
from records.store.record_folder import RecordFolder
from tests.campaigns.keeping_cuts import Disk, Work
from tests.support.notes import UNIT, author, recorded
from tests.support.sessions import KEY

YEAR_FORMS = ("one", "two")
"""How many files of closed years there are."""
_FIRST = 2023


def _began(year: int) -> int:
    return int(datetime(year, 6, 1, 12, tzinfo=UTC).timestamp() * 1000)


class Years(Disk):
    """Sessions of several years. The newest is of a past year; ``away`` is another disk."""

    def __init__(self, folder: Path, form: str) -> None:
        super().__init__(folder, form)
        self.away = self.root / "away"
        self.newest = _FIRST + YEAR_FORMS.index(form) + 1
        for year in range(_FIRST, self.newest + 1):
            if year > _FIRST:
                self._close(year)
            recorded(self.folder, f"s-{year}", began_ms=_began(year))
        self.away.mkdir()
        self.root.rename(self.kept)

    @property
    def folder(self) -> RecordFolder:
        """The records."""
        return RecordFolder(self.data)

    def close(self) -> None:
        """The first start of the next year."""
        self._close(self.newest + 1)

    def _close(self, year: int) -> None:
        close_year(self.folder, UNIT, KEY, utc_ms=_began(year), year=year)

    def move(self) -> None:
        """Move every closed year to the other disk."""
        move_years(self.folder, author(self.folder), self.away, before=self.newest)

    def is_closed(self) -> bool:
        """False before; raises TractionError if sessions are missing or doubled."""
        self._check_sessions()
        return (self.folder.units / f"{UNIT}-{self.newest}.db").exists()

    def is_moved(self) -> bool:
        """False if an original is left; raises TractionError as ``is_closed`` does."""
        self._check_sessions()
        return not [path for path in self.folder.year_databases() if path.parent != self.away]

    def close_again(self) -> None:
        """Let the next start finish, and run another session."""
        self.close()
        if not self.is_closed():
            raise TractionError("the next start did not close the year")
        recorded(self.folder, f"s-{self.newest + 1}", began_ms=_began(self.newest + 1))
        self._check_whole(self.newest + 1)

    def move_again(self) -> None:
        """Let the next run finish."""
        self.move()
        if not self.is_moved():
            raise TractionError("the next run did not move every year")
        self._check_whole(self.newest)

    def _check_whole(self, last: int) -> None:
        result = verify(self.folder)
        if result.alterations or result.sessions != last - _FIRST + 1:
            raise TractionError(f"{result.sessions} sessions: {result.alterations}")

    def _check_sessions(self) -> None:
        found = sorted(one.head.session_id for one in list_sessions(self.folder))
        if found != [f"s-{year}" for year in range(_FIRST, self.newest + 1)]:
            raise TractionError(f"the sessions on file are {found}")

    @property
    def left_overs(self) -> list[str]:
        """Unknown files among the units' files and on the other disk."""
        strange = [*self.folder.foreign_files(), *self.away.glob("*.moving")]
        return [*super().left_overs, *map(str, strange)]


YEAR_WORKS = (
    Work(
        "closing a year behind", YEAR_FORMS, Years, Years.close, Years.is_closed, Years.close_again
    ),
    Work("moving years", YEAR_FORMS, Years, Years.move, Years.is_moved, Years.move_again),
)

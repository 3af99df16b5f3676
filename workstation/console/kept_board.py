"""The day and the examination of the workstation, cached until something has changed.

The overview must appear at once: the day is read again only when `clinic.db` or a unit has changed,
and the workstation is examined in the background, never while somebody is treated.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controller.ports import Clock
from records.store.record_folder import RecordFolder
from workstation.console.clinic_words import ClinicWords
from workstation.console.day_board import DayBoard, look_at_day
from workstation.console.units import KeptUnit
from workstation.doctor.examination import examine
from workstation.doctor.fact import FactState, WorkstationFact
from workstation.settings import Settings

SEEN_FOR_S: Final = 600.0
"""For so long no new audit row is kept when a person sees the same list again."""
EXAMINED_EVERY_S: Final = 900.0
LOOKS_EVERY_S: Final = 1.0
Stamp = tuple[object, ...]


class KeptBoard:
    """The newest view of the day; threads may ask for it at the same time."""

    def __init__(
        self, folder: RecordFolder, words: ClinicWords, units: Mapping[str, KeptUnit], clock: Clock
    ) -> None:
        self._folder, self._words, self._units, self._clock = folder, words, units, clock
        self._lock = threading.Lock()
        self._kept: tuple[Stamp, DayBoard] | None = None
        self._shown: dict[tuple[str, tuple[str, ...]], float] = {}

    def now(self) -> DayBoard:
        """Returns the present view: read again where anything has changed since the last time."""
        with self._lock:
            stamp = self._stamp()
            if self._kept is None or self._kept[0] != stamp:
                utc_ms = self._clock.utc_ms()
                board = look_at_day(self._folder, self._words.settings, utc_ms)
                self._kept = (stamp, board)
            return self._kept[1]

    def was_shown(self, person: str, references: tuple[str, ...]) -> bool:
        """Returns whether a person has recently seen these patients here.

        Marks them as seen.
        """
        now_s = self._clock.now_s()
        with self._lock:
            before_s = self._shown.get((person, references))
            seen = before_s is not None and now_s - before_s < SEEN_FOR_S
            if not seen:
                self._shown = {
                    key: at_s for key, at_s in self._shown.items() if now_s - at_s < SEEN_FOR_S
                }
                self._shown[person, references] = now_s
            return seen

    def forget_shown(self, person: str, references: tuple[str, ...]) -> None:
        """Forget the mark: they were not shown after all."""
        with self._lock:
            self._shown.pop((person, references), None)

    def _stamp(self) -> Stamp:
        """Returns a value that differs when anything may have changed that is shown."""
        database = self._folder.clinic_database
        files = (database, database.with_name(f"{database.name}-wal"))
        sessions = tuple(each.session_id for each in self._units.values())
        return (self._words.today(), sessions, *(_of_file(each) for each in files))


def _of_file(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What was found of the workstation, and when."""

    looked_utc_ms: int
    facts: tuple[WorkstationFact, ...]

    @property
    def not_well(self) -> tuple[WorkstationFact, ...]:
        """Returns what has to be corrected."""
        return tuple(each for each in self.facts if each.state is FactState.NOT_WELL)


Examine = Callable[[RecordFolder, Settings, int], tuple[WorkstationFact, ...]]


class KeptExamination:
    """The newest examination of the workstation, made in a thread of its own.

    It takes seconds and opens loudspeaker and files, so it waits while a session is open somewhere
    (``is_treating``).
    """

    def __init__(
        self,
        folder: RecordFolder,
        words: ClinicWords,
        clock: Clock,
        *,
        is_treating: Callable[[], bool],
        examine: Examine = examine,
    ) -> None:
        self._folder, self._words, self._clock = folder, words, clock
        self._is_treating, self._examine = is_treating, examine
        self._closed = threading.Event()
        self._wanted = True
        self._looked_s = clock.now_s()
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self.newest: Examination | None = None

    def start(self) -> None:
        """Start examining."""
        self._thread.start()

    def close(self) -> None:
        """End; an examination that is running ends with the process."""
        self._closed.set()

    def ask(self) -> None:
        """Examine again as soon as nobody is treated."""
        self._wanted = True

    @property
    def is_waiting(self) -> bool:
        """Returns True while a requested examination has not finished."""
        return self._wanted

    def look(self) -> None:
        """Examine now, where it is time and nobody is treated."""
        now_s, utc_ms = self._clock.now_s(), self._clock.utc_ms()
        late = now_s - self._looked_s > EXAMINED_EVERY_S
        if (late or self._wanted) and not self._is_treating():
            facts = self._examine(self._folder, self._words.settings, utc_ms)
            self.newest = Examination(looked_utc_ms=utc_ms, facts=facts)
            self._looked_s, self._wanted = now_s, False

    def _keep(self) -> None:
        while not self._closed.wait(LOOKS_EVERY_S):
            self.look()

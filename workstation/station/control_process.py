"""Drives one unit while the process runs: watches it, and runs the requested sessions.

It never continues an earlier session: what an earlier process left open is closed first, and then
the unit is only watched. All communication with it goes through the desk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from controller.alarms import ALARMS, CONTROL_GONE
from controller.errors import LinkError, RequestRefused, TractionError
from controller.event_details.findings_and_alarms import AlarmRaised
from controller.ports import Clock, TractionUnit
from controller.runtime.idle_watch import IDLE, NO_READING, IdleWatch
from controller.runtime.lateness import lateness_words
from controller.runtime.ticker import Ticker
from controller.snapshot import Doing, Snapshot
from records.keys.signing import load_or_create_key
from records.standing.for_session import unit_at, unit_id_at
from records.standing.versions import read_standing
from records.store.private_files import make_folder
from workstation.session.filing import read_filed
from workstation.session.realtime import as_ordinary_work
from workstation.session.recover import recover
from workstation.session.treat import CHECKING, treat
from workstation.session.workplace import FiledSession, Recording, Workplace
from workstation.sound.day_check import sound_of_day, start_refusal
from workstation.station.control_desk import ControlDesk
from workstation.station.lost_programs import LostPrograms, left_open_at
from workstation.station.messages import Prepare
from workstation.station.place import Held
from workstation.station.sparing_log import SparingLog

NO_STATION: Final = "no station answers: alarms are shown but not sounded"
_GONE: Final = AlarmRaised(
    code=CONTROL_GONE,
    priority=ALARMS[CONTROL_GONE].priority.name.lower(),
    text=ALARMS[CONTROL_GONE].text,
)
NOTE_THREAD: Final = "note"
RECONNECT_S: Final = (0.0, 1.0, 2.0, 4.0)
"""Intervals between attempts to reach a unit; the last one is repeated."""
LOOK_S: Final = 0.05
"""How often the desk is read while no unit can be reached."""

Connect = Callable[[str, Clock], TractionUnit]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTable:
    """The clinic's name of the unit, and its address."""

    name: str
    address: str


class ControlProcess:
    """One per process; ``run`` runs until its end. ``connect`` finds the unit at an address.

    ``log`` takes messages for the person who sets up a workstation.
    """

    def __init__(
        self,
        table: KeptTable,
        workplace: Workplace,
        desk: ControlDesk,
        connect: Connect,
        log: Callable[[str], None],
    ) -> None:
        self._log = log
        self._kinds = SparingLog(workplace.clock, log)
        self._table = table
        self._workplace = replace(workplace, working=self._working)
        self._clock = workplace.clock
        self._desk = desk
        self._connect = connect
        self._kept: Held | None = None
        self._is_recovered = False
        self._failed = 0
        self._trouble = ""
        self._noted = ""

    def run(self) -> None:
        """Watch and treat until the end is requested."""
        self._raise_what_is_left_open()
        try:
            while not self._desk.leaving:
                if (asked := self._desk.asked_session()) is not None:
                    self._hold(asked)
                else:
                    self._watch_once()
        finally:
            if self._kept is not None:
                self._kept.release()

    @contextmanager
    def _working(self, text: str) -> Iterator[None]:
        """Report slow work, and leave the processor to processes that drive a unit."""
        self._desk.show_busy(text)
        with as_ordinary_work(self._desk.tell):
            yield

    def _say(self, text: str) -> None:
        """Report something about unit and program to viewers and the log: never about a patient."""
        self._desk.tell(text)
        self._kinds.say(text, text)

    # --- between sessions ---------------------------------------------------------------------

    def _watch_once(self) -> None:
        """Hold one connection until it fails, a session is requested, or the end."""
        try:
            self._watch_connected()
        except TractionError as error:
            self._wait_unreached(error)

    def _watch_connected(self) -> None:
        unit = self._connect(self._table.address, self._clock)
        try:
            self._keep(unit)
            self._recover(unit)
            self._watch(unit)
        finally:
            unit.close()

    def _watch(self, unit: TractionUnit) -> None:
        watch = IdleWatch(unit, self._clock, self._desk.show)
        while self._is_idle():
            if self._desk.take_idle_stop():
                watch.stop()
            watch.look()
            self._failed, self._trouble = 0, ""

    def _is_idle(self) -> bool:
        return not self._desk.leaving and self._desk.asked_session() is None

    def _wait_unreached(self, error: TractionError) -> None:
        """Report why once, then read the desk for a while before the next attempt."""
        if error.message != self._trouble:
            self._trouble = error.message
            self._say(f"{self._table.name}: {error.message}")
        until_s = self._clock.now_s() + RECONNECT_S[min(self._failed, len(RECONNECT_S) - 1)]
        self._failed += 1
        ticker = Ticker(self._clock, LOOK_S)
        while self._is_idle():
            ticker.wait()
            self._desk.take_idle_stop()  # it was answered: the force is not known
            self._desk.show(
                Snapshot(
                    number=0,
                    utc_ms=self._clock.utc_ms(),
                    doing=Doing.IDLE,
                    phase=IDLE,
                    message=NO_READING,
                )
            )
            if self._clock.now_s() >= until_s:
                return

    def _keep(self, unit: TractionUnit) -> None:
        """Check that no other program here drives the unit; report a changed unit."""
        unit_id = unit.identity.unit_id
        if unit_id != self._desk.unit_id:
            if self._desk.unit_id:
                self._say(
                    f"{self._table.name}: unit {unit_id} answers, and before it was "
                    f"{self._desk.unit_id}; check which table is connected"
                )
            if self._kept is not None:
                self._kept.release()
                self._kept = None
            self._is_recovered = False
        if self._kept is None:
            path = self._workplace.folder.station_lock(unit_id)
            make_folder(path.parent)
            self._kept = Held(path, f"unit {unit_id} is kept by another program of the station")
        self._desk.unit_id = unit_id

    def _recover(self, unit: TractionUnit) -> None:
        """Close what an earlier process left open; what cannot be closed is reported, and stays."""
        if self._is_recovered:
            return
        workplace = self._workplace
        try:
            with workplace.working(CHECKING):
                unit_at(read_standing(workplace.folder), self._table.address, unit)
                self._close_left_open(unit)
                self._raise_what_was_lost(unit.identity.unit_id)
        except LinkError:
            raise
        except TractionError as error:
            self._say(f"{self._table.name}: {error.message}")
        self._is_recovered = True

    def _close_left_open(self, unit: TractionUnit) -> None:
        """Close this unit's own open sessions; their record keeps that their program was lost."""
        workplace = self._workplace
        key = load_or_create_key(workplace.folder)
        for session_id in recover(unit, workplace, key, raised=_GONE):
            self._say(f"closed as interrupted: session {session_id}")

    def _raise_what_is_left_open(self) -> None:
        """Raise the same alarm before the unit is reached, which may take long."""
        folder, address = self._workplace.folder, self._table.address
        try:
            unit_id = unit_id_at(read_standing(folder), address)
            if left_open := left_open_at(folder, address, unit_id):
                self._raise_lost(left_open.of, left_open.session_id)
        except TractionError as error:
            self._log(f"{self._table.name}: the newest record cannot be read ({error.message})")

    def _raise_what_was_lost(self, unit_id: str) -> None:
        """Raise an alarm until a named person acknowledges it, over any restart of this program."""
        lost = LostPrograms(self._workplace.folder, unit_id)
        self._raise_lost(lost, lost.unnoted())

    def _raise_lost(self, lost: LostPrograms, session_id: str) -> None:
        if session_id and session_id != self._noted:
            noted = partial(self._keep_note, lost, session_id)
            self._desk.raise_alarm(session_id, CONTROL_GONE, noted)

    def _keep_note(self, lost: LostPrograms, session_id: str, by: str) -> None:
        """Keep it in a thread of its own: nobody who stops a unit waits for the disk."""

        def keep() -> None:
            try:
                lost.note(session_id)
            except OSError as error:
                self._log(
                    f"session {session_id}: the acknowledgement of its alarm could not be "
                    f"stored ({error.strerror}); the next start of this program raises it "
                    "again"
                )

        self._noted = session_id
        self._log(f"session {session_id}: {CONTROL_GONE} acknowledged by {by}")
        threading.Thread(target=keep, name=NOTE_THREAD).start()

    def _check_sound(self) -> None:
        """Raise RequestRefused where a station sounds its alarms and nobody would hear them."""
        if self._desk.sounds is None:
            self._say(NO_STATION)
            return
        workplace = self._workplace
        utc_ms = self._clock.utc_ms()
        day = workplace.settings.day_at(utc_ms)
        of_day = sound_of_day(workplace.folder, day)
        if refusal := start_refusal(of_day, sounds=self._desk.sounds):
            raise RequestRefused(refusal)

    # --- sessions -----------------------------------------------------------------------------

    def _hold(self, asked: Prepare) -> None:
        """Run the requested session to its seal."""
        filed = FiledSession(
            session_id=asked.session_id,
            patient_key=asked.patient_key,
            order_digest=asked.order_digest,
        )
        try:
            with self._workplace.working(CHECKING):
                self._check_sound()
                planned, begun = read_filed(self._workplace, filed)
        except TractionError as error:
            self._desk.refuse(asked, error.message)
            return
        operator = self._desk.begin(asked)
        if operator is None:
            return
        try:
            result = treat(
                self._table.address,
                planned,
                workplace=self._workplace,
                operator=operator,
                connect=self._connect,
                recording=Recording(begun=begun, filed=filed),
            )
        except TractionError as error:
            self._is_recovered = False
            kept = "" if error.session_id is None else f"; recorded as session {error.session_id}"
            self._desk.tell(f"session refused: {error.message}{kept}")
            self._log(f"session {asked.session_id}: refused (error {error.code})")
        else:
            for session_id in result.recovered:
                self._say(f"closed as interrupted: session {session_id}")
            ending = result.ending
            self._desk.tell(f"session {result.session_id}: {ending.outcome} ({ending.reason})")
            self._log(f"session {result.session_id}: {ending.outcome}")
            self._log(f"session {result.session_id}: {lateness_words(result.lateness)}")
        finally:
            self._desk.end()

"""Random sessions through the real journal: phases, pauses, absent readings, stops and ends."""

from __future__ import annotations

import random
from typing import Any

from controller.events import EventKind, JsonValue, Outcome, Sample, SampleFlag, SessionEvent
from controller.order.phases import Phase
from controller.runtime.clock import VirtualClock
from records.evidence.journal import SessionOpening, SqliteJournal, open_session
from records.keys.signing import SigningKey
from records.store.record_folder import RecordFolder
from tests.support.events import complete, complete_opening
from tests.support.left_open import close_left_open

UNIT = "00000000000000aa"
KEY = SigningKey(bytes(range(32)))
IDENTITY: dict[str, JsonValue] = {
    "model": "SIM",
    "serial_number": 1,
    "firmware": "1.00.0",
    "calibrated_on": "2026-01-04",
    "calibration_due": "2027-01-04",
}
STAGES = ("treatment", "treatment", "progressive", "regressive")
ENDS = ("normal", "unit stop", "ordered stop", "fault", "interrupted", "never armed")


class RandomSession:
    """Appends one session; ``source`` chooses everything that may vary."""

    def __init__(self, folder: RecordFolder, session_id: str, source: random.Random) -> None:
        self._source = source
        self._clock = VirtualClock()
        self._at_ms = 0
        self._phase = Phase.CHECKING
        opening = SessionOpening(
            session_id=session_id,
            unit_id=UNIT,
            utc_offset_min=60 * source.randrange(-10, 13),
            detail=complete_opening({"order_digest": "00", "identity": IDENTITY}),
        )
        close_left_open(folder, UNIT, self._clock, KEY)
        self._journal: SqliteJournal = open_session(
            folder, opening, self._clock, key=KEY, commit_interval_s=5.0, reserved_bytes=1 << 14
        )

    def perform(self) -> str:
        """Append the whole session; returns its outcome."""
        end = self._source.choice(ENDS)
        if end != "never armed":
            self._event(EventKind.UNIT_ARMED, force_limit_dn=1500)
            self._treat()
        self._finish(end)
        if end == "interrupted" and self._source.random() < 0.5:
            self._journal.sync()
            self._journal.abandon()
        else:
            self._journal.close()
        return end

    def _treat(self) -> None:
        self._hold(Phase.PRETENSIONING, 150)
        for _ in range(self._source.randrange(4)):
            self._hold(Phase.RAMPING_UP, 600)
            self._hold(Phase.HOLDING, self._source.choice((600, 1020, 2500)))
            if self._source.random() < 0.3:
                self._hold(Phase.PAUSED, 600)
            self._hold(Phase.RESTING, 300)
            self._say()

    def _say(self) -> None:
        """Append, at random, events of what people do in a session, with numbers in them."""
        source = self._source
        if source.random() < 0.3:
            self._event(
                EventKind.FORCE_ADJUSTED,
                force=source.choice(("hold", "rest")),
                by="P. Jones",
                reason="",
                old_force_dn=source.randrange(900),
                new_force_dn=source.randrange(900),
            )
        if source.random() < 0.3:
            self._event(EventKind.CHECK_IN_RECORDED, by="P. Jones", text="fine")
        if source.random() < 0.3:
            self._event(EventKind.REMARK_RECORDED, by="P. Jones", text="window opened")

    def _finish(self, end: str) -> None:
        if end == "unit stop":
            for code in self._source.sample((10, 12, 20, 30, 40, 43, 2, 3, 11), 3):
                unit_at_ms = max(0, self._at_ms - self._source.randrange(900))
                self._event(
                    EventKind.UNIT_EVENT_SEEN,
                    code=code,
                    unit_at_ms=unit_at_ms,
                    value_1=self._source.randrange(-50, 1200),
                    value_2=0,
                )
        if end in ("unit stop", "ordered stop", "normal"):
            reason = "treatment time reached" if end == "normal" else "stopped by the operator"
            self._event(EventKind.RELEASE_ORDERED, kind="release", reason=reason)
            self._hold(Phase.RELEASING, 0)
        if end == "fault":
            self._hold(Phase.FAULTED, 0)
        if end != "interrupted":
            self._event(EventKind.SESSION_ENDED, outcome=Outcome.STOPPED, reason="random")

    def _hold(self, phase: Phase, target_dn: int) -> None:
        self._event(
            EventKind.PHASE_CHANGED,
            **{"from": self._phase.label, "to": phase.label},
            target_dn=target_dn,
            stage=self._source.choice(STAGES),
        )
        self._phase = phase
        for _ in range(self._source.randrange(1, 25)):
            self._tick(target_dn)

    def _tick(self, target_dn: int) -> None:
        source = self._source
        self._at_ms += source.choice((48, 50, 50, 50, 53, 400, 5000))
        self._clock.sleep_until(1000.0 + self._at_ms / 1000)
        flags = source.choice((0, 0, 0, 0, 0, 0, 1, 2, 3))
        absent = flags & 1 and source.random() < 0.8
        spread = source.choice((3, 30, 120))
        force = None if absent else target_dn + round(source.gauss(0, spread))
        self._journal.append_sample(
            Sample(
                taken_at_ms=self._at_ms - source.randrange(9),
                target_dn=target_dn,
                force_1_dn=force,
                force_2_dn=None if source.random() < 0.2 else force,
                phase=int(self._phase),
                flags=SampleFlag(flags),
            )
        )

    def _event(self, kind: EventKind, /, **detail: Any) -> None:
        said = complete(kind, detail)
        self._journal.append_event(SessionEvent(kind=kind, at_ms=self._at_ms, detail=said))

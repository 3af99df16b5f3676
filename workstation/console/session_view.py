"""The page of a session, in words and shapes: state, dose, curve, events, integrity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from controller.events import EventKind
from controller.order.force_unit import ForceUnit
from records.evidence.reader import NOT_CLOSED, RUNNING
from records.note.device_fields import Field, local_time
from records.note.events import pauses
from records.note.led_forces import led_field, plain_name
from records.note.named_times import named_time
from records.times_in_words import minute_in_words, zone_in_words
from records.visit.visit import Visit
from workstation.console.clinic_words import ClinicWords
from workstation.console.force_plot import ForcePlot, PlotMarks, force_plot
from workstation.history.force_curve import force_curve
from workstation.history.plot_range import PlotRange, time_text
from workstation.history.told_events import ALARM, REQUEST, ToldEvent, told_events
from workstation.texts.end_words import end_in_words
from workstation.texts.ways_out import on_a_page

AROUND_MS: Final = 15_000
"""How much before and after an event its link shows."""
PRESCRIBED: Final = ("region", "mode", "hold_force", "rest_force", "ramp", "treatment_time")
DELIVERED: Final = (
    "outcome",
    "delivered_minutes",
    "mean_hold_force",
    "peak_force",
    "hold_time",
    "time_in_band",
    "paused",
    "started_at",
    "ended_at",
    "adjustments",
)
CHECKED: Final = (
    "Checked when this page was made: every event and sample of this session, its links, its seal "
    "and signature, its order and what was written of it: nothing was altered."
)
UNSEALED: Final = (
    "Checked when this page was made: what is written so far is consistent. There is no "
    "seal yet, so nothing shows that the end is complete."
)
NOT_CHECKED: Final = (
    "Not checked by this page: checkpoints in the second place, other sessions, and the rest of "
    "clinic.db. [Verify] looks at the checkpoints as well, `traction verify --all` at everything."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedEvent:
    """An event and the address of its part of the curve."""

    told: ToldEvent
    path: str

    @property
    def said(self) -> str:
        """Returns its sentence; what to do about an item of the self-check is worded for a page."""
        is_check = self.told.kind is EventKind.SELF_CHECK_RECORDED
        return on_a_page(self.told.said) if is_check else end_in_words(self.told.said)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveLink:
    """A link to another part of the curve."""

    text: str
    path: str


class SessionView:
    """The session of a visit that was asked for; ``part`` of its curve is shown."""

    def __init__(self, visit: Visit, words: ClinicWords) -> None:
        self.visit = visit
        self._words = words
        session = visit.asked_session
        self.session_id, self.record, self._dose = (
            session.session_id,
            session.record,
            visit.asked_dose,
        )
        self.origin_ms = self._dose.treatment_started_ms or 0
        self.whole = self._whole()
        self.part = PlotRange(first_ms=self.whole[0], last_ms=self.whole[1], whole=self.whole)

    @property
    def path(self) -> str:
        """Returns the address of the page."""
        return f"/sessions/{self.session_id}"

    @property
    def forces(self) -> ForceUnit:
        """Returns the leading unit."""
        return self._words.settings.unit_of_force

    @property
    def axis(self) -> str:
        """Returns the event from which times count."""
        began = self._dose.treatment_started_ms is not None
        return "since traction began" if began else "since the session was opened"

    @property
    def zone_name(self) -> str:
        """Returns the clinic's zone at the opening, as clocks showed it."""
        return zone_in_words(self._opened)

    @property
    def began(self) -> str:
        """Returns day and time of the opening, with the zone of then."""
        return minute_in_words(self._opened)

    @property
    def _opened(self) -> datetime:
        """Returns the opening as in the note, whatever zone the clinic has now."""
        return local_time(self.record, 0, self.visit.zone)

    @property
    def others(self) -> list[str]:
        """Returns further sessions of the same visit."""
        return [name for name in self.visit.note.sessions if name != self.session_id]

    def state(self) -> str:
        """Returns the state of a session that is not closed; "" for a closed one."""
        if self.record.outcome == RUNNING:
            return (
                "This session is being recorded. What is shown here was read at "
                f"{self._words.now()} and is not live: load the page again to read it again."
            )
        if self.record.outcome == NOT_CLOSED:
            return (
                "This session was interrupted: the program that recorded it ended before it could "
                "close it. The next start on this unit closes it; until then nothing is signed or "
                "billed from it."
            )
        return ""

    def integrity(self) -> list[str]:
        """Returns what was checked, what was not, and what was found."""
        if self.visit.altered:
            return [f"ALTERED: {self.visit.altered}.", NOT_CHECKED]
        return [CHECKED if self.record.seal is not None else UNSEALED, NOT_CHECKED]

    # --- dose ---------------------------------------------------------------------------------

    def prescribed(self) -> list[Field]:
        """Returns what was ordered."""
        return self._named(PRESCRIBED)

    def delivered(self) -> list[Field]:
        """Returns what was delivered, with every stop."""
        stops = [each for each in self._fields() if plain_name(each) == "stop"]
        return [*self._named(DELIVERED), *stops]

    def value(self, field: Field) -> str:
        """Returns a field's text with the clinic's unit leading, its time in the clinic's zone."""
        read = named_time(led_field(field, self.forces), self.visit.note)
        return end_in_words(read.value or "not recorded")

    def _named(self, names: Sequence[str]) -> list[Field]:
        by_name = {plain_name(each): each for each in self._fields()}
        return [by_name[name] for name in names if name in by_name]

    def _fields(self) -> Sequence[Field]:
        parts = (part for part in self.visit.note.parts if part.session_id == self.session_id)
        return next((part.fields for part in parts), self.visit.note.device_fields)

    # --- curve and events ---------------------------------------------------------------------

    def events(self) -> list[LinkedEvent]:
        """Returns every event, each with its place in the curve."""
        told = told_events(self.record, self.visit.zone, self._dose, self.forces)
        return [
            LinkedEvent(told=each, path=self.path_of(self.part.around(each.at_ms, AROUND_MS)))
            for each in told
        ]

    def plot(self, events: Sequence[LinkedEvent]) -> ForcePlot | None:
        """Returns the curve of the part that is shown; None where no reading was recorded in it."""
        shown = self.part
        curve = force_curve(self.record.samples, (shown.first_ms, shown.last_ms))
        if curve.is_empty:
            return None
        told = [each.told for each in events]
        marks = PlotMarks(
            stops_ms=sorted(stop.at_ms for stop in self._dose.stops),
            pauses_ms=[
                (each.began_ms, each.ended_ms or self.whole[1]) for each in pauses(self.record)
            ],
            alarms_ms=[each.at_ms for each in told if each.mark == ALARM],
            requests_ms=[each.at_ms for each in told if each.mark == REQUEST],
        )
        return force_plot(
            curve,
            shown,
            marks,
            origin_ms=self.origin_ms,
            unit=self.forces,
            ordered=not self.record.observed,
        )

    def path_of(self, part: PlotRange) -> str:
        """Returns the address of the page with a part of the curve."""
        if part.is_whole:
            return f"{self.path}#plot"
        asked = {
            "from": time_text(part.first_ms, self.origin_ms),
            "to": time_text(part.last_ms, self.origin_ms),
        }
        return f"{self.path}?{urlencode(asked, safe=':')}#plot"

    def ways(self) -> list[CurveLink]:
        """Returns links that zoom in and out, move along and back."""
        part = self.part
        whole = PlotRange(first_ms=self.whole[0], last_ms=self.whole[1], whole=self.whole)
        found = [CurveLink(text="Nearer", path=self.path_of(part.zoomed(0.5)))]
        if not part.is_whole:
            found += [
                CurveLink(text="Further", path=self.path_of(part.zoomed(2.0))),
                CurveLink(text="Earlier", path=self.path_of(part.moved(-0.5))),
                CurveLink(text="Later", path=self.path_of(part.moved(0.5))),
                CurveLink(text="Whole session", path=self.path_of(whole)),
            ]
        return found

    def time(self, at_ms: int) -> str:
        """Returns a moment of the session in the form in which it is typed."""
        return time_text(at_ms, self.origin_ms)

    def _whole(self) -> tuple[int, int]:
        """Returns the range from the first sample or the opening to the last sample or event."""
        times = self.record.samples["taken_at_ms"]
        ends = [event.at_ms for event in self.record.events[-1:]]
        if len(times):
            return int(times[0]), max(int(times[-1]), *ends, int(times[0]) + 1)
        return 0, max(1, *ends)

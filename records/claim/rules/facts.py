"""Facts: what the predicates ask, gathered once for a claim; every answer can show its source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from controller.events import StopCause
from records.claim.code_sets import ALWAYS_THERAPY, GRACE, SEPARATE, TRACTION
from records.claim.context import ClaimContext, ServiceLine
from records.claim.decision import BillingDecision
from records.claim.needs.of_form import needs_of_form
from records.claim.rules.findings import Evidence
from records.claim.rules.pairs import Pair
from records.claim.rules.payer_profile import PayerProfile
from records.claim.rules.tables import ScrubTables
from records.evidence.reader import SessionRecord
from records.note.over_visit import VISIT
from records.note.stored_text import codes_in, moment_in, number_in
from records.note.treatment_note import TreatmentNote
from records.note.words import NoteSignature
from records.provenance import JournalRange, Origin, Sourced

if TYPE_CHECKING:
    from records.claim.rules.assistant_time import AssistantTime
    from records.claim.unwritten import UnwrittenExport

PATIENT_STOPS = frozenset({StopCause.PATIENT_SWITCH_PRESSED})
"""Causes of a stop that only the patient can give."""
MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Partner:
    """A line of the day that is a pair with 97012."""

    line: ServiceLine
    pair: Pair
    doubt: str
    """What makes the pair uncertain on this day; "" when the file covers it."""

    @property
    def loser(self) -> str:
        """Returns the code that is denied: column 2."""
        return self.pair.column_2


Span: TypeAlias = tuple[datetime, datetime]
"""Start and end of a session's pull."""


@dataclass(frozen=True, slots=True)
class TimesBeside:
    """Traction and another service as practice systems keep times: whole minutes, cut off.

    ``spans`` are those of each session of the visit: between two of them nothing pulled.
    """

    spans: tuple[Span, ...]
    partner_start: datetime
    partner_end: datetime

    @property
    def overlap(self) -> bool:
        """Returns whether they share more than the minute by which each edge may be off."""
        return any(
            self.partner_start + GRACE < end and start + GRACE < self.partner_end
            for start, end in self.spans
        )

    @property
    def shared_minutes(self) -> int:
        """Returns the whole minutes that both have in common."""
        shared = (
            min(end, self.partner_end) - max(start, self.partner_start) for start, end in self.spans
        )
        return sum(max(0, int(each.total_seconds())) // 60 for each in shared)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherSession:
    """Another session of the patient on the day; ``exported``: a claim of it left."""

    session_id: str
    began: datetime
    exported: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is known beside claim and note. None: not checked, or not decided.

    ``log_altered`` is the result of verifying log and entries, "" for nothing; ``refusals`` is the
    result of trying to write the claim. ``other_profile`` is the one that the second payer names.
    ``further_records`` are those of the visit's other sessions. ``sheet`` is the downtime sheet of
    a visit that no device recorded. ``assistant_time`` is what the record says of assistants who
    were responsible.
    """

    log_altered: str | None = None
    refusals: tuple[UnwrittenExport, ...] | None = None
    decision: BillingDecision | None = None
    other_sessions: tuple[OtherSession, ...] | None = None
    further_records: tuple[SessionRecord, ...] = ()
    other_profile: PayerProfile | None = None
    sheet: Sourced[Any] | None = None
    assistant_time: AssistantTime | None = None


NOTHING_BESIDE = Beside()


def whole_minute(moment: datetime) -> datetime:
    """Returns a moment as practice systems keep it: seconds cut off."""
    return moment.replace(second=0, microsecond=0)


class Facts:
    """One claim with its note, its record, its payer and the tables. It is immutable."""

    def __init__(
        self,
        note: TreatmentNote | None,
        record: SessionRecord | None,
        context: ClaimContext,
        profile: PayerProfile,
        tables: ScrubTables,
        beside: Beside = NOTHING_BESIDE,
    ) -> None:
        self.note, self.record, self.context = note, record, context
        self.profile, self.tables = profile, tables
        self.beside = beside
        self.records = (*((record,) if record else ()), *beside.further_records)
        self.signature = note.signature if note else None
        self.day = context.date_of_service
        self.needs = needs_of_form(context, self._session_id())
        self.medicare = profile.medicare
        self.dose = note.dose if note else None
        self.words = _by_name(note)
        self.lines = context.lines
        self.day_lines = tuple(line for line in context.all_lines if self._is_of_the_day(line))
        self.others = [line for line in self.day_lines if line.cpt != TRACTION]
        self.codes = frozenset(line.cpt for line in self.day_lines)
        self.line = context.traction_line
        self.therapy_lines = self._therapy_lines()
        self.modifiers = frozenset(self.line.modifiers if self.line else ())
        self.rendering_npi = self._rendering_npi()
        self.partners = tuple(self._partners())
        self.started, self.ended = self._time("started_at"), self._time("ended_at")
        self.spans = tuple(self._spans())
        self.patient_stop = self._patient_stop()

    # --- the claim ------------------------------------------------------------------------------

    def _is_of_the_day(self, line: ServiceLine) -> bool:
        """Returns False for a line whose own time is on another day: T-019 reports it."""
        moment = line.started_at or line.ended_at
        return moment is None or self.local(moment).date() == self.day

    def _therapy_lines(self) -> tuple[ServiceLine, ...]:
        """Returns this claim's lines to which GP, CQ or CO and KX apply; none without 97012."""
        return tuple(line for line in self.lines if self.line and line.cpt in ALWAYS_THERAPY)

    def _partners(self) -> Iterator[Partner]:
        """Returns lines of the same provider and day that are an active pair with 97012."""
        if self.line is None:
            return
        doubt = self.tables.pairs.doubt(self.day)
        for line in self.others:
            pair = self.tables.pairs.find(line.cpt, self.day)
            if pair is not None and self.same_provider(line):
                yield Partner(line, pair, doubt)

    def same_provider(self, line: ServiceLine) -> bool:
        """Returns True unless the line names another provider than the claim."""
        return line.rendering_npi in (None, self.rendering_npi)

    def _rendering_npi(self) -> str | None:
        own = self.line.rendering_npi if self.line else None
        return own or (self.context.rendering.npi if self.context.rendering else None)

    def separated(self, partner: Partner) -> frozenset[str]:
        """Returns the modifiers 59 and X on 97012 or its partner."""
        return (self.modifiers | frozenset(partner.line.modifiers)) & SEPARATE

    def _session_id(self) -> str:
        """Returns it by record, else by note; "" for a claim without a session."""
        if self.record is not None:
            return self.record.head.session_id
        return self.note.session_id if self.note else ""

    def claimed(self, name: str, value: object, label: str = "") -> Sourced[Any]:
        """Returns a value of the context as evidence."""
        shown = None if value is None else str(value)
        return self.context.imported(name, label or name, shown)

    def line_evidence(self, line: ServiceLine) -> Sourced[Any]:
        """Returns a service line in one text: code, modifiers, units, times."""
        parts = [line.cpt, *line.modifiers, f"{line.units} {line.unit_of_measure}"]
        if line.started_at and line.ended_at:
            started, ended = self.local(line.started_at), self.local(line.ended_at)
            parts.append(f"{started:%H:%M}-{ended:%H:%M}")
        return self.claimed(f"line {line.cpt}", " ".join(parts), "service line")

    # --- the note -------------------------------------------------------------------------------

    def word(self, name: str) -> str | None:
        """Returns the value of a field of the note; None when it is open or absent."""
        field = self.words.get(name)
        return None if field is None or field.is_open else str(field.value)

    def number(self, name: str) -> int | None:
        """Returns the whole number of a field of the note."""
        return number_in(self.word(name))

    @property
    def noted_codes(self) -> tuple[str, ...]:
        """Returns the diagnoses that the note names, with their dots."""
        return codes_in(self.word("diagnosis"))

    def told(self, *names: str) -> Evidence:
        """Returns the note's fields of these names that exist."""
        return tuple(self.words[name] for name in names if name in self.words)

    def signed_by(self, signature: NoteSignature) -> Sourced[Any]:
        """Returns a signature as evidence."""
        return Sourced(
            name="signature",
            label="Signature",
            value=f"{signature.signed_by} {signature.credentials}".strip(),
            origin=Origin.CLINICIAN,
            attested_by=signature.signed_by,
            attested_utc_ms=signature.signed_at_utc_ms,
        )

    @property
    def patient_reference(self) -> str:
        """Returns the practice's number of the patient from note or claim; "" without one."""
        return self.word("patient_reference") or self.context.patient_ref or ""

    # --- the device -----------------------------------------------------------------------------

    @property
    def traction_minutes(self) -> int | None:
        """Returns whole minutes under traction without pauses; None without a treatment."""
        if self.dose is None or self.dose.treatment_started_ms is None:
            return None
        return self.dose.delivered_minutes

    @property
    def reached_hold(self) -> bool:
        """Returns whether the force was reached: by a sample in hold, or by a turn at the top."""
        held = self.dose is not None and self.dose.hold_samples > 0
        return held or any(record.reached_holding for record in self.records)

    @property
    def claimed_minutes(self) -> int | None:
        """Returns the minutes of the 97012 line."""
        return self.line.minutes if self.line else None

    @property
    def elapsed_minutes(self) -> float | None:
        """Returns minutes from start to end of each session, pauses included."""
        if self.dose is None or self.traction_minutes is None:
            return None
        return (self.dose.traction_ms + self.dose.paused_ms) / MINUTE_MS

    def _time(self, name: str) -> datetime | None:
        return moment_in(self.word(name))

    def _spans(self) -> Iterator[Span]:
        """Returns start and end of the pull in each session of the visit, where there was one."""
        parts = self.note.parts if self.note else ()
        if not parts and self.started is not None and self.ended is not None:
            yield self.started, self.ended
        for part in parts:
            start, end = (moment_in(part.field(name).value) for name in ("started_at", "ended_at"))
            if start is not None and end is not None:
                yield start, end

    @property
    def region(self) -> str | None:
        """Returns the region that the device treated, else the one that the claim's line names.

        For a visit of several sessions all of them, in one text.
        """
        return self.word("region") or (self.line.body_region if self.line else None)

    @property
    def regions(self) -> frozenset[str]:
        """Returns the same one by one."""
        treated = frozenset(part.region for part in self.note.parts) if self.note else frozenset()
        return treated or (frozenset({self.region}) if self.region else frozenset())

    def _patient_stop(self) -> Sourced[Any] | None:
        """Returns the first stop that the patient made, as evidence."""
        note = self.note
        if note is None or self.dose is None:
            return None
        sessions = note.parts or (note,)
        stops = [(stop, each.seal) for each in sessions for stop in each.dose.stops]
        for stop, seal in stops:
            if stop.cause in PATIENT_STOPS:
                return Sourced(
                    name="stop",
                    label="Stop by the patient",
                    value=stop.cause,
                    origin=Origin.DEVICE,
                    journal_range=JournalRange(
                        records="event", first=stop.sequence, last=stop.sequence
                    ),
                    digest=seal,
                )
        return None

    @property
    def patient_stop_time(self) -> str:
        """Returns the clinic's time of the first stop by the patient, "" when it is not known."""
        if self.dose is None or self.started is None or self.dose.treatment_started_ms is None:
            return ""
        stop = next(stop for stop in self.dose.stops if stop.cause in PATIENT_STOPS)
        since_ms = stop.at_ms - self.dose.treatment_started_ms
        return f"{self.local(self.started + timedelta(milliseconds=since_ms)):%H:%M}"

    def local(self, moment: datetime) -> datetime:
        """Returns a moment in the clinic's time; without a note as it was given."""
        return moment if self.note is None else moment.astimezone(self.note.zone)

    @property
    def calibration_due(self) -> date | None:
        """Returns the date from the identity in the evidence; None without record or date.

        Of several units the earliest date counts, and one without a date leaves it unknown.
        """
        units = [record.started.session.identity for record in self.records]
        dues = ["" if unit is None else unit.calibration_due for unit in units]
        try:
            return min((date.fromisoformat(due) for due in dues), default=None)
        except ValueError:  # a unit without a date of calibration has words here
            return None

    def times_beside(self, line: ServiceLine) -> TimesBeside | None:
        """Returns the device's traction and a line, in whole minutes; None: times unknown."""
        if not self.spans or line.started_at is None or line.ended_at is None:
            return None
        spans = tuple((whole_minute(start), whole_minute(end)) for start, end in self.spans)
        return TimesBeside(spans, whole_minute(line.started_at), whole_minute(line.ended_at))

    def overlap(self, line: ServiceLine) -> bool | None:
        """Returns whether a line's minutes and the device's traction share time.

        None: times unknown.
        """
        times = self.times_beside(line)
        return None if times is None else times.overlap

    def other_region(self, line: ServiceLine) -> bool:
        """Returns True when line and device each name a region, and they differ.

        "other" names none.
        """
        treated, named = self.regions - {"other"}, line.body_region
        return named not in (None, "other", *treated) and bool(treated)

    def sealed_digest(self) -> str | None:
        """Returns the present seal of the evidence.

        None without a record or while it is open.
        """
        return self.record.seal.hex() if self.record and self.record.seal else None


def _by_name(note: TreatmentNote | None) -> dict[str, Sourced[Any]]:
    """Returns the fields; for several sessions those of the whole visit replace one's."""
    if note is None:
        return {}
    fields = {field.name: field for field in (*note.device_fields, *note.clinician_fields)}
    over_visit = {field.name.removeprefix(VISIT): field for field in note.visit_fields}
    return {**fields, **over_visit}

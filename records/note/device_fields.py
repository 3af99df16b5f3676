"""The device's records of one session as fields of a note. Numbers come from the log only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone, tzinfo

from controller.event_details.before_treatment import AnswerRecorded
from controller.event_details.ending import SessionEnded
from controller.events import EventKind
from controller.questions import Question
from records.evidence.reader import SessionRecord
from records.note.delivered_dose import DeliveredDose
from records.note.event_texts import (
    adjustment_text,
    check_in_text,
    clock_doubt_text,
    clock_text,
    newtons,
    pause_text,
    remark_text,
    self_check_text,
    self_check_text_as_signed,
    since_traction_text,
    steps_text,
    stop_text,
    table_text,
)
from records.note.events import adjustments, pauses, steps_reached
from records.note.moments_as_signed import moments_as_signed
from records.note.observed import (
    NO_SUDDEN_RELEASE,
    NOT_SENSED,
    course_values,
    course_warnings,
    unit_values,
)
from records.note.responsible import responsible_spans, span_text
from records.note.spoken import as_ordered
from records.note.stored_text import moment_text
from records.note.words import OrderFiling
from records.order.order import Order
from records.provenance import JournalRange, Origin, Sourced
from records.store.canonical import StoredEvent
from records.times_in_words import zone_in_words

Field = Sourced[str]
NEWTON, MINUTE, SECOND = "N", "min", "s"
REGION_DEVICES = {"lumbar": "lumbar traction table", "cervical": "cervical traction unit"}


def record_zone(record: SessionRecord) -> tzinfo:
    """Returns the clinic's offset at the session's start, as kept by the evidence."""
    return timezone(timedelta(minutes=record.head.utc_offset_min))


def local_time(record: SessionRecord, at_ms: int, zone: tzinfo) -> datetime:
    """Returns session milliseconds as local time with offset and zone name, to the second.

    The offset is fixed: Python compares times of one named zone by wall clock, which runs back in
    autumn.
    """
    utc_ms = record.head.started_utc_ms + at_ms
    local = datetime.fromtimestamp(utc_ms // 1000, zone)
    return local.astimezone(timezone(local.utcoffset() or timedelta(), zone_in_words(local)))


class DevicePart:
    """Collects the fields of a session; short methods, one group each."""

    def __init__(
        self,
        record: SessionRecord,
        order: Order,
        dose: DeliveredDose,
        zone: tzinfo,
        filed: OrderFiling | None,
    ) -> None:
        self.record, self.order, self.dose, self.zone = record, order, dose, zone
        self.filed = filed
        self.digest = record.seal.hex() if record.seal else ""
        self.started = record.started.session
        self.adjustments = adjustments(record)
        self.course = record.course if record.observed else None
        how = f"the force alone ({self.course.method}), " if self.course else ""
        self.method = f"from {how}all samples of the session (numbers of the record)"

    # --- the device's part --------------------------------------------------------------------

    def device_fields(self) -> Iterator[Field]:
        """Returns every field, in reading order."""
        yield from self._unit()
        yield from self._ordered()
        yield from self._delivered()
        yield from self._happened()

    def _unit(self) -> Iterator[Field]:
        identity = self.started.identity
        if identity is None:
            kind = REGION_DEVICES[self.order.prescription.region.value]
            yield from (self._device(*each) for each in unit_values(self.started, kind))
            return
        region = self.order.prescription.region.value
        yield self._device("device_type", "Device", REGION_DEVICES[region])
        model = f"{identity.model}, serial {identity.serial_number}"
        yield self._device("device", "Model", f"{model}, firmware {identity.firmware}")
        calibration = f"{identity.calibrated_on}, due {identity.calibration_due}"
        yield self._device("calibration", "Calibrated", calibration)

    def _ordered(self) -> Iterator[Field]:
        order = self.order.prescription
        yield self._ordered_field("region", "Region", order.region.value)
        yield self._ordered_field("mode", "Mode", order.mode.value)
        hold = newtons(round(order.hold_force_n * 10))
        rest = newtons(round(order.rest_force_n * 10))
        if order.rest_s:
            hold = f"{hold} for {order.hold_s:g} s"
            rest = f"{rest} for {order.rest_s:g} s"
        yield self._ordered_field("hold_force", "Ordered hold force", hold)
        if order.rest_s:
            yield self._ordered_field("rest_force", "Ordered rest force", rest)
        ramp = f"{order.ramp_up_n_per_s:g} N/s up, {order.ramp_down_n_per_s:g} N/s down"
        yield self._ordered_field("ramp", "Ordered ramp", ramp)
        planned = f"{order.treatment_s / 60:g} min"
        yield self._ordered_field("treatment_time", "Ordered time", planned, MINUTE)

    def _delivered(self) -> Iterator[Field]:
        dose = self.dose
        started = self._local(dose.treatment_started_ms)
        ended = self._local(dose.treatment_ended_ms)
        yield self._device("opened_at", "Session opened", self._local(0))
        yield self._phases("started_at", "Traction began", started)
        yield self._phases("ended_at", "Traction ended", ended)
        minutes = f"{dose.delivered_minutes} min ({clock_text(dose.traction_ms)})"
        yield self._phases("delivered_minutes", "Delivered traction", minutes, MINUTE)
        yield self._phases("paused", "Paused", clock_text(dose.paused_ms), SECOND)
        yield self._measured("peak_force", "Peak force", newtons(dose.peak_force_dn))
        mean = newtons(dose.mean_hold_force_dn)
        yield self._measured("mean_hold_force", "Mean force in hold", mean)
        hold_time = clock_text(dose.hold_time_ms)
        yield self._measured("hold_time", "Time in hold", hold_time, SECOND)
        if dose.in_band_permille is not None:
            band = f"{dose.in_band_permille / 10:.1f} % within the larger of 10 N and 10 %"
            yield self._measured("time_in_band", "Hold samples in band", band, "%")

    def _happened(self) -> Iterator[Field]:
        for number, stop in enumerate(self.dose.stops, start=1):
            name = "stop" if len(self.dose.stops) == 1 else f"stop_{number}"
            yield self._device(
                name,
                "Stop",
                stop_text(stop, self._when),
                range_=_range("event", stop.sequence, stop.sequence),
            )
        if not self.dose.stops:
            none = NO_SUDDEN_RELEASE if self.course is not None else "none"
            yield self._device("stop", "Stop", none, range_=self._all_events())
        yield from self._stepped()
        yield from self._adjusted()
        yield from self._paused()
        yield from self._responsible()
        yield from self._said_meanwhile()
        if self.course is not None:
            yield from (
                self._measured(*each, unit="") for each in course_values(self.course, self._when)
            )
        yield self._device("outcome", "Outcome", self._outcome(), range_=self._all_events())
        yield self._device(
            "press_test", "Stop switch", self._press_test(), range_=self._all_events()
        )
        yield from self._checked()

    def _outcome(self) -> str:
        ended = self.record.of_kind(EventKind.SESSION_ENDED)
        if not ended:
            return self.record.outcome
        end = ended[-1].said(SessionEnded)
        return f"{end.outcome} ({end.reason})"

    def _press_test(self) -> str:
        if self.course is not None:
            return NOT_SENSED
        seen = bool(self.record.of_kind(EventKind.PRESS_TEST_SEEN))
        return "press-tested by the patient before arming" if seen else "switch not press-tested"

    def _stepped(self) -> Iterator[Field]:
        """Returns the progressive and regressive steps that were reached, with their forces."""
        made = steps_reached(self.record)
        if made:
            yield self._device(
                "steps", "Steps reached", steps_text(made), range_=_span("event", made)
            )

    def _checked(self) -> Iterator[Field]:
        """Returns the self-check before the start; an older record has none."""
        made = self.record.of_kind(EventKind.SELF_CHECK_RECORDED)
        for name, label, text in (
            ("table", "Table", table_text(made)),
            ("clock", "Workstation clock", clock_doubt_text(made)),
            ("self_check", "Self-check", self_check_text(made) if made else None),
        ):
            if text is not None:
                yield self._device(name, label, text, range_=_span("event", made))

    @property
    def as_signed(self) -> dict[str, str]:
        """Returns texts of fields whose form has changed since notes were signed with them."""
        made = self.record.of_kind(EventKind.SELF_CHECK_RECORDED)
        earlier = {"self_check": self_check_text_as_signed(made)} if made else {}
        return earlier | moments_as_signed(self.record, self.dose)

    def _when(self, at_ms: int) -> str:
        """Returns a moment on both axes: time of day, and since traction began."""
        of_day = local_time(self.record, at_ms, self.zone).strftime("%H:%M:%S")
        return f"{of_day} ({since_traction_text(at_ms, self.dose.treatment_started_ms)})"

    def _adjusted(self) -> Iterator[Field]:
        """Yields every change of force with who and why, so that "none" is a statement too."""
        made = self.adjustments
        text = "; ".join(adjustment_text(change, self._when) for change in made) or "none"
        range_ = _range("event", made[0].sequence, made[-1].sequence) if made else None
        yield self._device("adjustments", "Adjustments", text, range_=range_ or self._all_events())

    def _paused(self) -> Iterator[Field]:
        made = pauses(self.record)
        if made:
            text = "; ".join(pause_text(pause, self._when) for pause in made)
            range_ = _range("event", made[0].first_sequence, made[-1].last_sequence)
            yield self._device("pauses", "Pauses", text, range_=range_)

    def _responsible(self) -> Iterator[Field]:
        """Yields who was responsible from when to when, where somebody took over."""
        spans = responsible_spans(self.record, self.dose)
        if spans:
            text = "; ".join(span_text(span, self._when) for span in spans)
            made = self.record.of_kind(EventKind.RESPONSIBILITY_TAKEN)
            yield self._device("responsible", "Responsible", text, range_=_span("event", made))

    def _said_meanwhile(self) -> Iterator[Field]:
        """Yields check-ins and remarks of a person, as the log has them."""
        for kind, name, label, text_of in (
            (EventKind.CHECK_IN_RECORDED, "check_ins", "Check-ins", check_in_text),
            (EventKind.REMARK_RECORDED, "remarks", "Remarks in session", remark_text),
        ):
            made = self.record.of_kind(kind)
            if made:
                text = "; ".join(text_of(event, self._when) for event in made)
                yield self._device(name, label, text, range_=_span("event", made))

    # --- warnings -------------------------------------------------------------------------------

    def warnings(self) -> Iterator[str]:
        """Returns the texts above the note, each in one sentence."""
        if not self.digest:
            yield "The session is not closed; its record is not sealed."
        for answer in self._answers():
            if answer.question == Question.UNIT_NOT_COMMISSIONED.value:
                yield "Unit not commissioned: test fixture or simulator only, no patient."
        if self.course is not None:
            yield from course_warnings(self.course, self._when)
        if self._answered_by_script():
            yield "Questions of this session were answered by a script, not by a person."
        if not self.order.screening:
            yield "Contraindication screen: not attested before the treatment."
        if self.record.of_kind(EventKind.RELEASE_NOT_OBSERVED):
            yield "The release was not observed by this program."

    def _answered_by_script(self) -> bool:
        return any(answer.by_script for answer in self._answers())

    def _answers(self) -> list[AnswerRecorded]:
        answered = self.record.of_kind(EventKind.QUESTION_ANSWERED)
        return [event.said(AnswerRecorded) for event in answered]

    # --- makers of fields ---------------------------------------------------------------------

    def _local(self, at_ms: int | None) -> str | None:
        return None if at_ms is None else moment_text(local_time(self.record, at_ms, self.zone))

    def _all_events(self) -> JournalRange:
        return _range("event", 0, self.record.events[-1].sequence)

    def _device(
        self, name: str, label: str, value: str | None, *, range_: JournalRange | None = None
    ) -> Field:
        return Sourced(
            name=name,
            label=label,
            value=value,
            origin=Origin.DEVICE,
            journal_range=range_ or _range("event", 0, 0),
            digest=self.digest,
        )

    def _ordered_field(self, name: str, label: str, value: str | None, unit: str = NEWTON) -> Field:
        field: Field = Sourced(
            name=name, label=label, value=value, origin=Origin.PRESCRIPTION, unit=unit
        )
        return as_ordered(field, self.order.digest, self.filed)

    def _phases(self, name: str, label: str, value: str | None, unit: str = "") -> Field:
        if self.course is not None:
            return replace(self._measured(name, label, value, unit), origin=Origin.DERIVED)
        changes = self.record.of_kind(EventKind.PHASE_CHANGED)
        return Sourced(
            name=name,
            label=label,
            value=value,
            origin=Origin.DERIVED,
            unit=unit,
            journal_range=_span("event", changes),
            digest=self.digest,
            method="from the phase events (numbers of the record)",
        )

    def _measured(self, name: str, label: str, value: str | None, unit: str = NEWTON) -> Field:
        count = len(self.record.samples)
        return Sourced(
            name=name,
            label=label,
            value=value,
            origin=Origin.DEVICE,
            unit=unit,
            journal_range=_range("sample", 0, max(0, count - 1)),
            digest=self.digest,
            method=self.method,
        )


def _range(records: str, first: int, last: int) -> JournalRange:
    return JournalRange(records=records, first=first, last=last)


def _span(records: str, events: list[StoredEvent]) -> JournalRange | None:
    return _range(records, events[0].sequence, events[-1].sequence) if events else None

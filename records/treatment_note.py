"""TreatmentNote: every field with its source. Numbers come from the log, words from a person.

A field that nobody has said anything about is open and stays visibly so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo

from controller.events import EventKind, Outcome
from controller.prescription import NEWTONS_PER_LBF
from records.canonical import StoredEvent
from records.delivered_dose import DeliveredDose, Stop, compute_dose
from records.order import Order
from records.provenance import JournalRange, Origin, Sourced
from records.reader import NOT_CLOSED, SessionRecord

Field = Sourced[str]
NEWTON, MINUTE, SECOND = "N", "min", "s"
REGION_DEVICES = {"lumbar": "lumbar traction table", "cervical": "cervical traction unit"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentNote:
    """A draft: the device's part and the clinician's part, in the order in which they are read."""

    session_id: str
    outcome: str
    interrupted: bool
    seal: str
    device_fields: tuple[Field, ...]
    clinician_fields: tuple[Field, ...]
    dose: DeliveredDose
    warnings: tuple[str, ...]
    checkpoint: str = ""
    """What binds this record from outside; "" while it is not sealed and signed."""

    @property
    def open_fields(self) -> list[str]:
        """Names of the fields that somebody still has to say."""
        return [field.name for field in self.clinician_fields if field.is_open]

    def field(self, name: str) -> Field:
        """One field by its name; raises KeyError."""
        for field in (*self.device_fields, *self.clinician_fields):
            if field.name == name:
                return field
        raise KeyError(name)


def draft_note(record: SessionRecord, order: Order, zone: tzinfo | None = None) -> TreatmentNote:
    """Draft the note of a session. ``zone`` is the clinic's; default: the record's own offset."""
    dose = compute_dose(record)
    draft = _Draft(record, order, dose, zone or record_zone(record))
    return TreatmentNote(
        session_id=record.head.session_id,
        outcome=record.outcome,
        interrupted=record.outcome in (Outcome.INTERRUPTED, NOT_CLOSED),
        seal=draft.digest,
        device_fields=tuple(draft.device_fields()),
        clinician_fields=tuple(draft.clinician_fields()),
        dose=dose,
        warnings=tuple(draft.warnings()),
        checkpoint=record.checkpoint,
    )


def record_zone(record: SessionRecord) -> tzinfo:
    """The clinic's offset at the session's start, as the evidence keeps it."""
    return timezone(timedelta(minutes=record.head.utc_offset_min))


def local_time(record: SessionRecord, at_ms: int, zone: tzinfo) -> datetime:
    """Session milliseconds as local time with its offset, to the second."""
    utc_ms = record.head.started_utc_ms + at_ms
    return datetime.fromtimestamp(utc_ms // 1000, zone)


def newtons(force_dn: int | None) -> str | None:
    """Tenths of a newton as "102.3 N (23.0 lbf)"."""
    if force_dn is None:
        return None
    return f"{force_dn / 10:.1f} N ({force_dn / 10 / NEWTONS_PER_LBF:.1f} lbf)"


def clock_text(milliseconds: int) -> str:
    """Milliseconds as "12 min 34 s"."""
    seconds = milliseconds // 1000
    return f"{seconds // 60} min {seconds % 60} s"


def stop_text(stop: Stop) -> str:
    """One stop in words and numbers of the device."""
    force = newtons(stop.force_dn) or "not read"
    released = (
        "not seen to fall to 15 N"
        if stop.to_15_n_ms is None
        else f"{stop.to_15_n_ms / 1000:.2f} s to 15 N"
    )
    return (
        f"{stop.cause} at {clock_text(stop.at_ms)} of the session; force then {force}; {released}"
    )


class _Draft:
    """Collects the fields; short methods, one group each."""

    def __init__(
        self, record: SessionRecord, order: Order, dose: DeliveredDose, zone: tzinfo
    ) -> None:
        self.record, self.order, self.dose, self.zone = record, order, dose, zone
        self.digest = record.seal.hex() if record.seal else ""
        self.opening = record.opening.detail

    # --- the device's part --------------------------------------------------------------------

    def device_fields(self) -> Iterator[Field]:
        yield from self._unit()
        yield from self._ordered()
        yield from self._delivered()
        yield from self._happened()

    def _unit(self) -> Iterator[Field]:
        identity = self.opening["identity"]
        assert isinstance(identity, dict)
        region = self.order.prescription.region.value
        yield self._device("device_type", "Device", REGION_DEVICES[region])
        model = f"{identity['model']}, serial {identity['serial_number']}"
        yield self._device("device", "Model", f"{model}, firmware {identity['firmware']}")
        calibration = f"{identity['calibrated_on']}, due {identity['calibration_due']}"
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
                name, "Stop", stop_text(stop), range_=_range("event", stop.sequence, stop.sequence)
            )
        if not self.dose.stops:
            yield self._device("stop", "Stop", "none", range_=self._all_events())
        yield self._device("outcome", "Outcome", self._outcome(), range_=self._all_events())
        yield self._device(
            "press_test", "Stop switch", self._press_test(), range_=self._all_events()
        )

    def _outcome(self) -> str:
        ended = self.record.of_kind(EventKind.SESSION_ENDED)
        if not ended:
            return self.record.outcome
        detail = ended[-1].detail
        return f"{detail['outcome']} ({detail['reason']})"

    def _press_test(self) -> str:
        seen = bool(self.record.of_kind(EventKind.PRESS_TEST_SEEN))
        return "press-tested by the patient before arming" if seen else "switch not press-tested"

    # --- the clinician's part -----------------------------------------------------------------

    def clinician_fields(self) -> Iterator[Field]:
        order = self.order
        yield self._word("patient_reference", "Patient reference", order.patient_reference)
        yield self._word("diagnosis", "Diagnosis", ", ".join(order.diagnosis))
        yield self._word("symptoms", "Symptoms", order.symptoms)
        yield self._word("rationale", "Rationale for traction", order.rationale)
        yield self._word("positioning", "Positioning", order.positioning)
        yield self._word("harness", "Harness", order.harness)
        yield self._word("screening", "Contraindication screen", order.screening)
        yield self._word("patient_response", "Patient response", "")
        yield self._word("tolerance", "Tolerance", "")
        yield self._word("pain_before_after", "Pain before and after", "")
        if self.dose.stops:
            yield self._word("stop_comment", "Comment on the stop", "")
        yield self._word("set_up_by", "Set up by", order.set_up_by)
        yield self._word("supervised_by", "Supervised by", order.supervised_by)

    # --- what must be said whatever else is said ----------------------------------------------

    def warnings(self) -> Iterator[str]:
        if not self.digest:
            yield "The session is not closed; its record is not sealed."
        for answered in self.record.of_kind(EventKind.QUESTION_ANSWERED):
            if answered.detail["question"] == "unit_not_commissioned":
                yield "Unit not commissioned: test fixture or simulator only, no patient."
        if self._answered_by_script():
            yield "Questions of this session were answered by a script, not by a person."
        if not self.order.screening:
            yield "Contraindication screen: not attested."
        if self.record.of_kind(EventKind.RELEASE_NOT_OBSERVED):
            yield "The release was not observed by this program."

    def _answered_by_script(self) -> bool:
        answers = self.record.of_kind(EventKind.QUESTION_ANSWERED)
        return any(str(answer.detail["by"]).startswith("script") for answer in answers)

    # --- makers of fields ---------------------------------------------------------------------

    def _local(self, at_ms: int | None) -> str | None:
        return None if at_ms is None else local_time(self.record, at_ms, self.zone).isoformat(" ")

    def _all_events(self) -> JournalRange:
        return _range("event", 0, self.record.events[-1].sequence)

    def _device(
        self, name: str, label: str, value: str | None, *, range_: JournalRange | None = None
    ) -> Field:
        return Sourced(
            name=name, label=label, value=value, origin=Origin.DEVICE,
            journal_range=range_ or _range("event", 0, 0), digest=self.digest,
        )  # fmt: skip

    def _ordered_field(self, name: str, label: str, value: str | None, unit: str = NEWTON) -> Field:
        return Sourced(
            name=name, label=label, value=value, origin=Origin.PRESCRIPTION, unit=unit,
            digest=self.order.digest,
        )  # fmt: skip

    def _phases(self, name: str, label: str, value: str | None, unit: str = "") -> Field:
        changes = self.record.of_kind(EventKind.PHASE_CHANGED)
        return Sourced(
            name=name, label=label, value=value, origin=Origin.DERIVED, unit=unit,
            journal_range=_span("event", changes), digest=self.digest,
            method="from the phase events (numbers of the record)",
        )  # fmt: skip

    def _measured(self, name: str, label: str, value: str | None, unit: str = NEWTON) -> Field:
        count = len(self.record.samples)
        return Sourced(
            name=name, label=label, value=value, origin=Origin.DEVICE, unit=unit,
            journal_range=_range("sample", 0, max(0, count - 1)), digest=self.digest,
            method="from all samples of the session (numbers of the record)",
        )  # fmt: skip

    def _word(self, name: str, label: str, value: str) -> Field:
        return Sourced(
            name=name, label=label, value=value or None, origin=Origin.CLINICIAN,
            digest=self.order.digest if value else "",
        )  # fmt: skip


def _range(records: str, first: int, last: int) -> JournalRange:
    return JournalRange(records=records, first=first, last=last)


def _span(records: str, events: list[StoredEvent]) -> JournalRange | None:
    return _range(records, events[0].sequence, events[-1].sequence) if events else None

"""The note of a visit that was entered from a downtime sheet: all of it was written by people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone, tzinfo

from records.clinic.paper_sheets import KeptSheet, PaperSheet
from records.note.delivered_dose import DeliveredDose
from records.note.device_fields import Field
from records.note.fields import PATIENT_REFERENCE, clinician_fields
from records.note.spoken import ClinicianPart, SignedUpon
from records.note.stored_text import entered_text, moment_text
from records.note.treatment_note import STOP_ON_PAPER, TreatmentNote
from records.note.words import NoteWords, Word
from records.order.quantities import force_n, time_s
from records.provenance import NOT_RECORDED_TEXT, ON_PAPER, SHEET, Origin, Sourced

NOTHING_RECORDED = DeliveredDose(
    traction_ms=0,
    paused_ms=0,
    delivered_minutes=0,
    hold_time_ms=0,
    hold_samples=0,
    mean_hold_force_dn=None,
    peak_force_dn=None,
    in_band_permille=None,
    treatment_started_ms=None,
    treatment_ended_ms=None,
    stops=(),
)
ENTERED_FROM_PAPER = (
    "ENTERED FROM PAPER: this visit was entered from a downtime sheet. Its numbers were "
    f"{NOT_RECORDED_TEXT}."
)
LABELS: Mapping[str, str] = {
    "table": "Table",
    "region": "Region",
    "mode": "Mode",
    "ordered_hold_force": "Ordered hold force",
    "ordered_rest_force": "Ordered rest force",
    "ordered_hold_time": "Ordered hold time",
    "ordered_rest_time": "Ordered rest time",
    "ordered_time": "Ordered time",
    "delivered_hold_force": "Delivered hold force",
    "delivered_rest_force": "Delivered rest force",
    "paused": "Paused",
    "stopped_at": "Stopped at",
    "stop_reason": "Stop",
    "released_by_hand": "Released by hand",
}
"""The note's labels of each value of a sheet, in reading order."""


def sheet_zone(sheet: PaperSheet) -> tzinfo:
    """Returns the clinic's offset on the day of the sheet, as it was entered."""
    return timezone(timedelta(minutes=sheet.utc_offset_min))


def paper_note(kept: KeptSheet, spoken: NoteWords, zone: tzinfo) -> TreatmentNote:
    """Returns the note of a sheet, with what people have ``spoken`` since it was entered.

    ``zone`` is the one in which its times are read.
    """
    sheet = kept.sheet
    told = tuple(_sheet_fields(kept, sheet_zone(sheet)))
    said = spoken if spoken.versions else replace(spoken, words=_words(kept) | {**spoken.words})
    stopped = is_stopped(sheet)
    known = clinician_fields(stopped=stopped, adjusted=False)
    part = ClinicianPart((), said, None, known)
    return TreatmentNote(
        session_id=sheet.sheet_id,
        outcome=outcome_of(sheet),
        interrupted=False,
        seal=kept.digest,
        device_fields=(),
        sheet_fields=told,
        clinician_fields=tuple(part.fields(told)),
        dose=NOTHING_RECORDED,
        warnings=(
            ENTERED_FROM_PAPER,
            *sheet.flagged,
            *part.warnings(SignedUpon(seal=kept.digest), ()),
        ),
        patient_key=kept.patient_key,
        ended_utc_ms=sheet.ended_utc_ms,
        status=spoken.status,
        signature=spoken.signature,
        versions=spoken.versions,
        signature_checkpoint=spoken.checkpoint,
        zone=zone,
        names_zone=spoken.names_zone,
        forces=spoken.forces,
    )


def minutes_of(sheet: PaperSheet) -> int:
    """Returns whole minutes from beginning to end, without pauses."""
    paused_ms = round(time_s("paused", sheet.values["paused"]) * 1000)
    return (sheet.ended_utc_ms - sheet.began_utc_ms - paused_ms) // 60_000


def is_stopped(sheet: PaperSheet) -> bool:
    """Returns True where the sheet says that the treatment was stopped."""
    return any(sheet.values.get(name) for name in STOP_ON_PAPER)


def outcome_of(sheet: PaperSheet) -> str:
    """Returns how the treatment ended, by the sheet."""
    return "stopped" if is_stopped(sheet) else "completed"


def sheet_as_evidence(kept: KeptSheet) -> Field:
    """Returns the sheet, as a rule cites it."""
    return Sourced(
        name="downtime_sheet",
        label="Downtime sheet",
        value=kept.sheet.sheet_id,
        origin=Origin.CLINICIAN,
        source=ON_PAPER,
        document=SHEET,
        digest=kept.digest,
        attested_by=kept.by,
        attested_utc_ms=kept.at_utc_ms,
    )


def _sheet_fields(kept: KeptSheet, zone: tzinfo) -> Iterator[Field]:
    sheet = kept.sheet

    def told(name: str, label: str, value: str, unit: str = "") -> Field:
        return Sourced(
            name=name,
            label=label,
            value=value,
            origin=Origin.CLINICIAN,
            unit=unit,
            source=ON_PAPER,
            document=SHEET,
            digest=kept.digest,
            attested_by=kept.by,
            attested_utc_ms=kept.at_utc_ms,
        )

    for name, label in LABELS.items():
        if text := sheet.values.get(name):
            yield told(name, label, *_shown(name, text))
    yield told("began", "Traction began", moment_text(_local(sheet.began_utc_ms, zone)))
    yield told("ended", "Traction ended", moment_text(_local(sheet.ended_utc_ms, zone)))
    minutes = f"{minutes_of(sheet)} min"
    yield told("minutes", "Traction, by the sheet", minutes, "min")
    checks = "; ".join(f"{asked} {answered}" for asked, answered in sheet.checks)
    yield told("checks", "Checked", checks)
    yield told("written_by", "Sheet written by", sheet.written_by)
    entered = entered_text(kept.by, _local(kept.at_utc_ms, zone))
    yield told("entered_by", "Sheet entered by", entered)


def _shown(name: str, text: str) -> tuple[str, str]:
    """Returns a force in newtons with what was written; everything else as it was written."""
    if name.endswith("force"):
        return f"{force_n(name, text, None):z.1f} N ({text})", "N"
    return text, ""


def _words(kept: KeptSheet) -> dict[str, Word]:
    """Returns the sheet's entries for fields of the note, including the patient."""
    said = {PATIENT_REFERENCE.name: kept.sheet.reference, **kept.sheet.words}
    return {
        name: Word(
            value=text,
            not_assessed=False,
            source=ON_PAPER,
            said_by=kept.by,
            said_utc_ms=kept.at_utc_ms,
        )
        for name, text in said.items()
    }


def _local(utc_ms: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(utc_ms // 1000, zone)

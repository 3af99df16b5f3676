"""The claim of a session: the charge line, and the context as far as the record knows it.

One unit whatever the minutes: 97012 is a supervised modality without a time rule. The charge line's
modifiers are those of the practice's system and those that a named person accepted; an unknown
value is an empty cell and is listed by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from controller.errors import JournalCorrupt, RequestRefused
from controller.words import one_line
from records.claim.account import account_number
from records.claim.code_sets import in_order, plain
from records.claim.context import (
    OF_THE_SESSION,
    TRACTION_CPT,
    BodyRegion,
    ClaimContext,
    Payer,
    ServiceLine,
)
from records.claim.decision import BILL_52, REDUCED, decision_of
from records.claim.values import TEXT_LIMIT
from records.clinic.acceptance import Acceptance
from records.evidence.reader import SessionRecord
from records.note.device_fields import local_time, record_zone
from records.note.stored_text import codes_in
from records.note.treatment_note import TreatmentNote
from records.order.order import Order

CPT = TRACTION_CPT
UNITS = 1
DIAGNOSES_ON_A_LINE = 4
MODIFIERS_ON_A_LINE = 4
MOST_DIAGNOSES = 12
MODIFIER, DIAGNOSIS = "modifier", "diagnosis"
"""Kinds of acceptances (records/clinic/acceptance.py); a modifier's value is "97140:XU"."""
COLUMNS = (
    "session_id",
    "mrn",
    "dos",
    "cpt",
    "mod1",
    "mod2",
    "mod3",
    "mod4",
    "units",
    "charge",
    "pos",
    "dx1",
    "dx2",
    "dx3",
    "dx4",
    "pointers",
    "rendering_npi",
    "referring_npi",
    "auth_no",
    "start",
    "stop",
    "minutes",
    "note_file",
    "checkpoint",
)
NOTHING_TO_CHARGE = "there is nothing to charge: export the note or the JSON instead"
_FURTHER = frozenset({"dx2", "dx3", "dx4", "mod2", "mod3", "mod4"})
"""Cells that are empty on most claims and may stay so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeLine:
    """One row; every column of ``COLUMNS``, unknown ones empty."""

    values: Mapping[str, str]

    @property
    def open_fields(self) -> list[str]:
        """Columns that somebody must still fill or decide on, in the order of the row."""
        return [c for c in COLUMNS if not self.values[c] and c not in _FURTHER]


def charge_line(
    record: SessionRecord,
    note: TreatmentNote,
    *,
    note_file: str,
    zone: tzinfo | None = None,
    context: ClaimContext | None = None,
    accepted: Sequence[str] = (),
) -> ChargeLine:
    """Returns the row of a session; raises RequestRefused when no treatment was given.

    ``accepted`` are the modifiers that a named person accepted.
    """
    start, stop = treatment_times(record, note, zone)
    known = {
        "session_id": record.head.session_id,
        "mrn": note.field("patient_reference").value or "",
        "dos": start.date().isoformat(),
        "cpt": CPT,
        "units": str(UNITS),
        "start": start.isoformat(),
        "stop": stop.isoformat(),
        "minutes": str(note.dose.delivered_minutes),
        "note_file": note_file,
        "checkpoint": " ".join(filter(None, (each.checkpoint for each in note.parts or (note,)))),
        **_modifiers(claim_modifiers(context, accepted)),
        **(_noted(noted_diagnoses(note)) if context is None else _claimed(context)),
    }
    return ChargeLine(values={column: known.get(column, "") for column in COLUMNS})


def context_of_session(
    record: SessionRecord,
    order: Order,
    note: TreatmentNote,
    payer: Payer,
    zone: tzinfo | None = None,
) -> ClaimContext:
    """Returns what record, order and note know of a claim; everything else stays open.

    Raises RequestRefused when no treatment was given, or the note has more diagnoses than a claim
    can hold.
    """
    start, stop = treatment_times(record, note, zone)
    codes = tuple(code.replace(".", "") for code in noted_diagnoses(note))
    if len(codes) > MOST_DIAGNOSES:
        raise RequestRefused(
            f"the note of session {record.head.session_id} names {len(codes)} diagnoses, a claim "
            f"holds {MOST_DIAGNOSES}; correct the note, or give a claim context"
        )
    line = ServiceLine(
        cpt=CPT,
        units=UNITS,
        dx_pointers=tuple(range(1, min(len(codes), DIAGNOSES_ON_A_LINE) + 1)),
        started_at=start,
        ended_at=stop,
        minutes=note.dose.delivered_minutes,
        body_region=_region(order, note),
    )
    return ClaimContext(
        claim_id=account_number(record.head.session_id),
        payer=payer,
        form="837P",
        date_of_service=start.date(),
        patient_ref=_on_a_claim(note.field("patient_reference").value),
        diagnoses=codes,
        lines=(line,),
        source=OF_THE_SESSION,
        source_digest=note.seal,
    )


def _region(order: Order, note: TreatmentNote) -> BodyRegion | None:
    """Returns the region that was treated; None where the sessions of a visit had several.

    A line has room for one, and choosing it would be a statement that nobody made.
    """
    regions = {part.region for part in note.parts} or {order.prescription.region.value}
    return order.prescription.region.value if len(regions) == 1 else None


def _on_a_claim(reference: str | None) -> str | None:
    """Returns an older order's reference as a claim can carry it: hidden characters are escaped.

    None, which leaves it open, for one that is too long.
    """
    shown = one_line(reference or "")
    return shown if 0 < len(shown) <= TEXT_LIMIT else None


def claim_modifiers(context: ClaimContext | None, accepted: Sequence[str]) -> tuple[str, ...]:
    """Returns modifiers of the 97012 line: the practice's own, then accepted ones, each once."""
    line = context.traction_line if context else None
    own = line.modifiers if line else ()
    added = [modifier for modifier in accepted if modifier not in own]
    return tuple(in_order([*own, *added])) if added else own


def with_accepted(context: ClaimContext, accepted: Sequence[Acceptance]) -> ClaimContext:
    """Returns the context with what named persons accepted: modifiers on lines, diagnoses listed.

    The claim's own diagnoses stay as they are, even repeated ones, because a pointer means a
    position. An accepted diagnosis is added after them, with a pointer of 97012 while it has fewer
    than four. ``without_room`` names what does not fit.
    """
    codes = (*context.diagnoses, *_not_listed(context, accepted))[:MOST_DIAGNOSES]
    new = tuple(range(len(context.diagnoses) + 1, len(codes) + 1))
    lines = tuple(_accepting(line, accepted, new) for line in context.lines)
    return context.model_copy(update={"diagnoses": codes, "lines": lines})


def _not_listed(context: ClaimContext, accepted: Sequence[Acceptance]) -> list[str]:
    """Returns accepted diagnoses that the claim does not list, in any spelling."""
    listed = {plain(code) for code in context.diagnoses}
    codes = [each.value for each in accepted if each.what == DIAGNOSIS]
    return [code for code in dict.fromkeys(codes) if plain(code) not in listed]


def without_room(context: ClaimContext, accepted: Sequence[Acceptance]) -> list[str]:
    """Returns accepted diagnoses for which a claim that lists others has no room."""
    return _not_listed(context, accepted)[MOST_DIAGNOSES - len(context.diagnoses) :]


def accepted_modifiers(accepted: Sequence[Acceptance], cpt: str = CPT) -> tuple[str, ...]:
    """Returns the accepted modifiers of a line, in the usual order; 52 if a person decided so.

    Raises JournalCorrupt for an accepted modifier that names no line.
    """
    modifiers = [_line_and_modifier(each) for each in accepted if each.what == MODIFIER]
    decided = decision_of(accepted)
    reduced = [REDUCED] if cpt == CPT and decided and decided.value == BILL_52 else []
    found = [modifier for line, modifier in modifiers if line == cpt]
    return tuple(in_order(list(dict.fromkeys([*found, *reduced]))))


def _line_and_modifier(accepted: Acceptance) -> tuple[str, str]:
    line, _, modifier = accepted.value.partition(":")
    if not modifier:
        raise JournalCorrupt(
            f"the acceptance of {accepted.value!r} for session {accepted.session_id} by "
            f"{accepted.by} names no line, as 97012:GP does: the program does not write it so; "
            "`traction verify` says what was altered"
        )
    return line, modifier


def _accepting(
    line: ServiceLine, accepted: Sequence[Acceptance], pointers: tuple[int, ...]
) -> ServiceLine:
    added = accepted_modifiers(accepted, line.cpt)
    modifiers = tuple(in_order(tuple(dict.fromkeys([*line.modifiers, *added]))))
    room = max(0, DIAGNOSES_ON_A_LINE - len(line.dx_pointers)) if line.cpt == CPT else 0
    changes: dict[str, object] = {"dx_pointers": (*line.dx_pointers, *pointers[:room])}
    if added:  # the practice's own order is unchanged when nothing is added
        changes["modifiers"] = modifiers
    return line.model_copy(update=changes)


def treatment_times(
    record: SessionRecord, note: TreatmentNote, zone: tzinfo | None = None
) -> tuple[datetime, datetime]:
    """Returns start and stop of the traction, clinic time; RequestRefused without traction."""
    started_ms, ended_ms = note.dose.treatment_started_ms, note.dose.treatment_ended_ms
    if not note.reached_holding or started_ms is None or ended_ms is None:
        raise RequestRefused(f"{_never_held(note)}; {NOTHING_TO_CHARGE}")
    zone = zone or record_zone(record)
    return local_time(record, started_ms, zone), local_time(record, ended_ms, zone)


def _never_held(note: TreatmentNote) -> str:
    """Returns whether no session of the visit reached its force; one that did would be enough."""
    if note.parts:
        return f"none of the sessions {', '.join(note.sessions)} reached its hold force"
    return f"session {note.session_id} ({note.outcome}) never reached its hold force"


def _modifiers(modifiers: Sequence[str]) -> dict[str, str]:
    shown = modifiers[:MODIFIERS_ON_A_LINE]
    return {f"mod{number}": modifier for number, modifier in enumerate(shown, start=1)}


def noted_diagnoses(note: TreatmentNote) -> tuple[str, ...]:
    """Returns the note's codes, with dots: the order's until the clinician corrects them there."""
    return codes_in(note.field("diagnosis").value)


def _noted(diagnoses: Sequence[str]) -> dict[str, str]:
    codes = diagnoses[:DIAGNOSES_ON_A_LINE]
    return {**_numbered(codes), "pointers": "".join(str(n + 1) for n in range(len(codes)))}


def _claimed(context: ClaimContext) -> dict[str, str]:
    """Returns the cells that only the practice's system knows; dx1 to dx4 are the line's.

    The pointers are numbers of dx1 to dx4; they stay open when one of the line's is invalid.
    """
    line = context.traction_line
    pointed = context.pointed_diagnoses(line) if line else ()
    whole = line is not None and len(pointed) == len(line.dx_pointers) > 0
    codes = (pointed or context.diagnoses)[:DIAGNOSES_ON_A_LINE]
    return {
        **_numbered(codes),
        "pointers": "".join(str(n + 1) for n in range(len(codes))) if whole else "",
        "pos": (line.pos if line else None) or "",
        "charge": "" if line is None or line.charge is None else f"{line.charge:.2f}",
        "rendering_npi": (context.rendering.npi if context.rendering else None) or "",
        "referring_npi": (context.referring.npi if context.referring else None) or "",
        "auth_no": context.authorization.number if context.authorization else "",
    }


def _numbered(codes: Sequence[str]) -> dict[str, str]:
    return {f"dx{number}": code for number, code in enumerate(codes, start=1)}

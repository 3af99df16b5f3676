"""The charge line as CSV in a receiver's columns: a head and one row, CRLF as in RFC 4180."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from controller.errors import ExportIncomplete, ReceiverInvalid
from controller.words import one_line
from records.claim.context import ClaimContext, Party
from records.exports.messages.receiver_maps import PATIENT_FIELDS, Column, Receiver
from records.exports.readiness import refuse_unready, unbillable
from records.visit.visit import Visit

_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters of a formula; East Asian spreadsheets accept the wide forms too."""


def charge_csv(visit: Visit, receiver: Receiver) -> str:
    """Returns the file; cells that a spreadsheet would run as a formula get a leading apostrophe.

    Raises RequestRefused without a treatment, ExportIncomplete when the receiver needs a missing
    value, ExportRefused when a program would take a line that is not ready, ReceiverInvalid for a
    receiver without columns.
    """
    if not receiver.columns:
        raise ReceiverInvalid(
            f"receiver {receiver.name} has no columns and takes no CSV; choose another one"
        )
    values = charge_values(visit)
    if receiver.importer:
        _refuse_unready(visit, receiver, values)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=receiver.delimiter, lineterminator="\r\n")
    writer.writerow([column.head for column in receiver.columns])
    writer.writerow([safe_cell(_cell(column, receiver, values)) for column in receiver.columns])
    return text.getvalue()


def charge_values(visit: Visit) -> dict[str, str]:
    """Returns every field that a column may have; unknown ones are empty."""
    reasons = "; ".join(unbillable(visit))
    return {**visit.charge().values, **_patient_values(visit.context), "not_ready": reasons}


def _refuse_unready(visit: Visit, receiver: Receiver, values: Mapping[str, str]) -> None:
    missing = [name for name in receiver.needs if not values[name]]
    if missing:
        raise ExportIncomplete(
            f"CSV for {receiver.name} of session {visit.session_id} misses {', '.join(missing)}; "
            f"add them to the claim context (`traction claim new {visit.session_id}` prints every "
            "key)"
        )
    refuse_unready(visit, f"CSV for {receiver.name}", unbillable(visit))


def _patient_values(context: ClaimContext | None) -> dict[str, str]:
    """Returns what the claim context says of patient and payer."""
    values = dict.fromkeys(PATIENT_FIELDS, "")
    if context is None:
        return values
    person, insured = context.patient or Party(), context.subscriber or context.patient or Party()
    address = person.address
    for name in ("last_name", "first_name", "middle_name", "sex", "phone"):
        values[f"patient_{name}"] = getattr(person, name) or ""
    for name in ("line_1", "line_2", "city", "state", "zip"):
        values[f"patient_{name}"] = (getattr(address, name) if address else "") or ""
    values["patient_birth_date"] = person.birth_date.isoformat() if person.birth_date else ""
    values["payer_name"] = context.payer.name
    values["payer_id"] = context.payer.payer_id or ""
    values["member_id"] = insured.member_id or ""
    values["group_number"] = insured.group_number or ""
    return values


def _cell(column: Column, receiver: Receiver, values: Mapping[str, str]) -> str:
    shown = [receiver.shown(name, values[name]) for name in column.fields]
    text = column.join.join(part for part in shown if part)
    return column.spread.join(text) if column.spread else text


def safe_cell(cell: str) -> str:
    """Returns a cell with hidden characters escaped and a formula, also after blanks, marked."""
    shown = one_line(cell)
    return f"'{shown}" if shown.lstrip()[:1] in _FORMULA else shown

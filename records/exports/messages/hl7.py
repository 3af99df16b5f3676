"""HL7 version 2.5.1: fields joined, delimiters escaped, times with their offset."""

from __future__ import annotations

import hashlib
from datetime import datetime

from controller.words import visible
from records.claim.context import Party
from records.visit.visit import Visit

VERSION = "2.5.1"
SENDER = "TRACTION"
PRODUCTION, TESTING = "P", "T"
"""MSH-11: what a receiver may do with the message; a simulated session is a test."""
CODES = "L"
"""Name of our own, local coding system."""
_ESCAPES = {
    "\\": "\\E\\",
    "|": "\\F\\",
    "^": "\\S\\",
    "&": "\\T\\",
    "~": "\\R\\",
    "\n": "\\.br\\",
}


def escaped(text: str) -> str:
    """Returns a value in which no character can be taken for a delimiter, also of MLLP."""
    unified = visible(text.replace("\r\n", "\n").replace("\r", "\n"))
    return "".join(_ESCAPES.get(character, character) for character in unified)


def parts(*components: str) -> str:
    """Returns components of one field, escaped; empty ones at the end are left out."""
    return "^".join(escaped(component) for component in components).rstrip("^")


def repeated(*repetitions: str) -> str:
    """Returns repetitions of one field; they are escaped already."""
    return "~".join(repetitions)


def segment(name: str, fields: dict[int, str]) -> str:
    """Returns a segment from its numbered fields; they are escaped already."""
    last = max(fields, default=0)
    return "|".join([name, *(fields.get(number, "") for number in range(1, last + 1))])


def time(moment: datetime) -> str:
    """Returns YYYYMMDDHHMMSS with the offset from UTC."""
    return moment.strftime("%Y%m%d%H%M%S%z")


def header(visit: Visit, code: str, trigger: str) -> list[str]:
    """Returns MSH and EVN. The control id is the same for the same session, message and moment."""
    moment = time(visit.made_at)
    digest = hashlib.sha256(f"{visit.session_id} {code} {trigger} {moment}".encode()).hexdigest()
    kind = f"{code}^{trigger}^{code}_{trigger}"
    head = ["MSH", "^~\\&", SENDER, escaped(visit.clinic), "", "", moment, "", kind]
    head += [
        digest[:20],
        TESTING if visit.note.simulated else PRODUCTION,
        VERSION,
        "",
        "",
        "",
        "",
        "",
        "UNICODE UTF-8",
    ]
    return ["|".join(head), segment("EVN", {1: trigger, 2: moment})]


def patient(visit: Visit, person: Party) -> list[str]:
    """Returns PID and PV1: an outpatient; the visit's number is the session's."""
    address = person.address
    fields = {
        1: "1",
        3: parts(visit.patient_reference, "", "", "", "MR"),
        5: name(person),
        7: person.birth_date.strftime("%Y%m%d") if person.birth_date else "",
        8: person.sex or "",
        11: ""
        if address is None
        else parts(
            address.line_1, address.line_2, address.city, address.state or "", address.zip or ""
        ),
    }
    return [segment("PID", fields), segment("PV1", {1: "1", 2: "O", 19: parts(visit.session_id)})]


def name(person: Party) -> str:
    """Returns family name, given name, middle name."""
    return parts(person.last_name, person.first_name or "", person.middle_name or "")


def provider(person: Party) -> str:
    """Returns NPI and name of somebody who treats (XCN)."""
    return parts(*_numbered_name(person))


def signed_by(person: Party, at: datetime) -> str:
    """Returns who signed and when (PPN): the same components, the time is the fifteenth."""
    known = _numbered_name(person)
    return parts(*known, *[""] * (14 - len(known)), time(at))


def _numbered_name(person: Party) -> list[str]:
    """Returns the first 13 components of XCN and PPN, with authority and type of an NPI."""
    numbered = "NPI" if person.npi else ""
    return [
        person.npi or "",
        person.last_name,
        person.first_name or "",
        person.middle_name or "",
        "",
        "",
        person.credentials or "",
        "",
        numbered,
        "",
        "",
        "",
        numbered,
    ]


def message(segments: list[str]) -> str:
    """Returns the message; each segment ends with a carriage return."""
    return "".join(f"{line}\r" for line in segments)

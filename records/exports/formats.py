"""Every export by its name: its writer, its file's name, and its possible places."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile, is_zipfile

from controller.errors import ExportRefused
from records.exports.messages.receiver_maps import OWN, Receiver, own_receiver
from records.visit.visit import Visit

if TYPE_CHECKING:
    from records.exports.claim.cms1500_words import Box

LARGEST_BYTES = 2_000_000
"""The limit of practices' portals (receivers.md)."""
CLAIM_FORMATS = frozenset({"csv", "cms1500", "cms1500-json", "837p", "hl7-dft"})
"""Formats from which a practice's system or a clearinghouse takes a charge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The options of an export: its receiver, the curve of a FHIR bundle."""

    receiver: Receiver | None = None
    sampled: bool = False

    @property
    def known_receiver(self) -> Receiver:
        """Returns the chosen receiver, else the program's own."""
        return self.receiver or own_receiver()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """The bytes of an export; ``notices`` report what was changed in them."""

    content: bytes
    notices: tuple[str, ...] = ()


PLAIN = Choices()
Writer = Callable[[Visit, Choices], bytes | ExportedFile]


@dataclass(frozen=True, slots=True)
class _Kind:
    suffix: str
    write: Writer


def written(visit: Visit, name: str, choices: Choices = PLAIN) -> bytes:
    """Returns the bytes of one export; raises as ``document`` does."""
    return document(visit, name, choices).content


def document(visit: Visit, name: str, choices: Choices = PLAIN) -> ExportedFile:
    """Returns one export; raises a RequestRefused that names what is missing or invalid."""
    made = KINDS[name].write(visit, choices)
    made = made if isinstance(made, ExportedFile) else ExportedFile(content=made)
    if name == "pdf" and len(made.content) > LARGEST_BYTES:
        raise ExportRefused(
            f"the note's PDF has {len(made.content)} bytes, receivers take {LARGEST_BYTES}; "
            "please report it with the session's JSON"
        )
    return made


def file_name(session_id: str, name: str, receiver: str = OWN) -> str:
    """Returns the name of an export's file, with its session."""
    suffix = KINDS[name].suffix
    return f"{session_id}{suffix}" if receiver == OWN else f"{session_id}-{receiver}{suffix}"


def claim_format(name: str, receiver: str = OWN) -> str | None:
    """Returns an export's name where a practice's system takes a charge from it; else None.

    It is its format and, for a CSV, the receiver whose columns it has.
    """
    if name not in CLAIM_FORMATS:
        return None
    return name if receiver == OWN else f"{name} for {receiver}"


def refuse_other_session(sessions: Sequence[str], path: Path) -> None:
    """Raises ExportRefused for a file that exists and names none of the visit's ``sessions``."""
    if path.exists() and not any(_is_of(path, session_id) for session_id in sessions):
        raise ExportRefused(
            f"{path} exists and is not an export of session {' or '.join(sessions)}; choose "
            "another name with --out"
        )


def _is_of(path: Path, session_id: str) -> bool:
    """Returns whether a file names the session in plain bytes; X12 has it in capitals."""
    if not path.is_file():
        return False
    name = session_id.lower().encode()
    if not is_zipfile(path):
        return name in path.read_bytes().lower()
    with ZipFile(path) as bundle:
        return any(name in bundle.read(member).lower() for member in bundle.namelist())


# --- the writers; each is imported where it is used, some need slow libraries -------------------


def _pdf(visit: Visit, _: Choices) -> bytes:
    from records.exports.note.pdf import note_pdf

    return note_pdf(visit)


def _text(visit: Visit, _: Choices) -> bytes:
    from records.exports.note.text import note_text

    return note_text(visit).encode()


def _summary(visit: Visit, _: Choices) -> bytes:
    from records.exports.note.summary import note_summary

    return note_summary(visit.note, visit.face).encode()


def _csv(visit: Visit, choices: Choices) -> bytes:
    from records.exports.claim.charge_csv import charge_csv

    return charge_csv(visit, choices.known_receiver).encode()


def _json(visit: Visit, _: Choices) -> bytes:
    from records.exports.session.json import session_json

    return session_json(visit).encode()


def _scrub_html(visit: Visit, _: Choices) -> bytes:
    from records.exports.scrub.html import scrub_html

    return scrub_html(visit).encode()


def _scrub_pdf(visit: Visit, _: Choices) -> bytes:
    from records.exports.scrub.pdf import scrub_pdf

    return scrub_pdf(visit)


def _scrub_json(visit: Visit, _: Choices) -> bytes:
    from records.exports.scrub.json import scrub_json

    return scrub_json(visit).encode()


def _boxes(visit: Visit) -> list[Box]:
    from records.exports.claim.cms1500 import cms1500_boxes
    from records.exports.needs import context_or_refuse

    context = context_or_refuse(visit.context, "CMS-1500", visit.session_id)
    visit.require_treatment()
    return cms1500_boxes(
        context, session_id=visit.session_id, face=visit.face, accepted=visit.accepted
    )


def _cms1500(visit: Visit, _: Choices) -> bytes:
    from records.exports.claim.cms1500 import cms1500_text

    return cms1500_text(_boxes(visit), visit).encode()


def _cms1500_json(visit: Visit, _: Choices) -> bytes:
    from records.exports.claim.cms1500 import cms1500_json

    return cms1500_json(_boxes(visit), visit).encode()


def _837p(visit: Visit, choices: Choices) -> ExportedFile:
    from records.exports.claim.claim_837p import Made, claim_837p
    from records.exports.needs import context_or_refuse
    from records.exports.readiness import unready

    visit.require_treatment()
    found = ", ".join(reason.partition(":")[0] for reason in unready(visit))
    rules = f"NOT READY: {found}" if found else ""
    simulated = "SIMULATED." if visit.note.simulated else ""
    made = Made(
        session_id=visit.session_id,
        at=visit.made_at,
        signed=bool(visit.face.signer),
        accepted=visit.accepted,
        not_ready=" ".join(part for part in (simulated, rules) if part),
    )
    context = context_or_refuse(visit.context, "837P", visit.session_id)
    claim = claim_837p(context, made, choices.known_receiver.x12)
    return ExportedFile(content=claim.text.encode("ascii"), notices=claim.notices)


def _fhir(visit: Visit, choices: Choices) -> bytes:
    from records.exports.messages.fhir_bundle import fhir_bundle

    return fhir_bundle(visit, _pdf(visit, choices), sampled=choices.sampled).encode()


def _dft(visit: Visit, choices: Choices) -> bytes:
    """Write it for a ready claim only: an engine posts every FT1, which the message must have."""
    from records.exports.messages.hl7_dft import FORMAT, dft_p03
    from records.exports.readiness import refuse_unready, unready

    message = dft_p03(visit, choices.known_receiver).encode()
    refuse_unready(visit, FORMAT, unready(visit))
    return message


def _mdm(visit: Visit, choices: Choices) -> bytes:
    from records.exports.messages.hl7_mdm import mdm_t02

    return mdm_t02(visit, _pdf(visit, choices), visit.note_file).encode()


KINDS: Mapping[str, _Kind] = {
    "pdf": _Kind(".pdf", _pdf),
    "text": _Kind(".txt", _text),
    "summary": _Kind("-summary.txt", _summary),
    "csv": _Kind(".csv", _csv),
    "json": _Kind(".json", _json),
    "scrub-html": _Kind("-scrub.html", _scrub_html),
    "scrub-pdf": _Kind("-scrub.pdf", _scrub_pdf),
    "scrub-json": _Kind("-scrub.json", _scrub_json),
    "cms1500": _Kind("-cms1500.txt", _cms1500),
    "cms1500-json": _Kind("-cms1500.json", _cms1500_json),
    "837p": _Kind("-837p.txt", _837p),
    "fhir": _Kind("-fhir.json", _fhir),
    "hl7-dft": _Kind("-dft.hl7", _dft),
    "hl7-mdm": _Kind("-mdm.hl7", _mdm),
}

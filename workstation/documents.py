"""From a session on file to its note, its charge line and their files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from controller.errors import JournalCorrupt, JournalUnavailable
from records.claim import ChargeLine, charge_line
from records.clinic import filed_order
from records.exports.charge_csv import charge_csv
from records.exports.face import face_of
from records.exports.note_text import note_text
from records.exports.session_json import session_json
from records.order import Order
from records.reader import SessionRecord, read_session
from records.treatment_note import TreatmentNote, draft_note
from workstation.order_file import parse_order
from workstation.settings import Settings

FORMATS = ("pdf", "text", "csv", "json")
SUFFIXES = {"pdf": ".pdf", "text": ".txt", "csv": ".csv", "json": ".json"}


@dataclass(frozen=True, slots=True)
class Dossier:
    """A session with everything that is known of it."""

    record: SessionRecord
    order: Order
    note: TreatmentNote
    zone: tzinfo

    @property
    def note_file(self) -> str:
        """Name of the note's file, as the charge line cites it."""
        return f"{self.record.head.session_id}{SUFFIXES['pdf']}"

    def charge(self) -> ChargeLine:
        """The charge line; raises RequestRefused when no treatment was given."""
        return charge_line(
            self.record, self.order, self.note, note_file=self.note_file, zone=self.zone
        )

    def export(self, format_name: str) -> bytes:
        """The bytes of one export; raises RequestRefused where there is nothing to export."""
        if format_name == "pdf":
            from records.exports.note_pdf import note_pdf  # reportlab is slow to import

            return note_pdf(self.record, self.note, face_of(self.note))
        if format_name == "text":
            return note_text(self.note).encode()
        if format_name == "csv":
            return charge_csv(self.charge()).encode()
        return session_json(self.record, self.order, self.note, note_file=self.note_file).encode()


def load_dossier(data_dir: Path, session_id: str, settings: Settings) -> Dossier:
    """Everything of one session; raises RecordNotFound or JournalCorrupt."""
    record = read_session(data_dir, session_id)
    filed = filed_order(data_dir, record.head.session_id)
    order = parse_order(filed.order_text, f"of session {record.head.session_id}")
    if order.digest != record.opening.detail["order_digest"]:
        raise JournalCorrupt(
            f"the order of session {record.head.session_id} in clinic.db is not the one that the "
            "evidence names: it was altered; restore clinic.db from a copy"
        )
    zone = settings.zone_at(record.head.started_utc_ms)
    return Dossier(record, order, draft_note(record, order, zone), zone)


def write_file(path: Path, content: bytes) -> Path:
    """Write an export; raises JournalUnavailable when the place cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise JournalUnavailable(
            f"{path} cannot be written ({error.strerror}); choose another place with --out"
        ) from error
    return path

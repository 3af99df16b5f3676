"""Alterations of the data behind a visit, in log and words, and every face that shows it.

Each names a part of the place that a face must name.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controller.errors import TractionError
from records.clinic.acceptance import OfferAnswer, record_acceptance
from records.clinic.audit import record_read
from records.clinic.claim_exports import ClaimExport, record_claim_export
from records.note.lifecycle import amend, complete, sign
from records.store.chain import NO_SEAL, compute_link
from records.store.clinic_chain import canonical, entry_range, entry_rows
from records.store.database import Database
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.commands import run
from tests.support.notes import (
    ALL_WORDS,
    BEGAN_MS,
    DAY_MS,
    UNIT,
    author,
    note_of,
    recorded,
)
from workstation.commands.export import Format
from workstation.exit_status import RECORD_BAD, exit_status

SESSION = "s-1"
Change = Callable[[sqlite3.Connection], object]

FACES: dict[str, tuple[str, ...]] = {
    "show": ("show", SESSION),
    "show --json": ("show", SESSION, "--json"),
    "note": ("note", SESSION),
    "note --json": ("note", SESSION, "--json"),
    "note --history": ("note", SESSION, "--history"),
    "note --amend": (
        *("note", SESSION, "--amend", "pain_after=1", "--reason", "slip"),
        *("--by", "P. Jones", "--credentials", "PT"),
    ),
    "scrub": ("scrub", SESSION),
    "scrub --json": ("scrub", SESSION, "--json"),
    "accept": ("accept", SESSION, "--modifier", "XU", "--by", "P. Jones"),
    "claim new": ("claim", "new", SESSION),
    "verify SESSION": ("verify", SESSION),
    **{f"export {kind.value}": ("export", SESSION, "--format", kind.value) for kind in Format},
}
"""Every command that shows a visit's words or numbers, or makes a document or an entry of them."""


@dataclass(frozen=True)
class Alteration:
    """``place`` is a part of what a face must say.

    ``of_words`` is True for clinic.db, False for the log.
    """

    change: Change
    place: str
    of_words: bool = True


def _sql(*statements: str) -> Change:
    return lambda db: [db.execute(statement) for statement in statements]


def _replaced(kind: int, old: str, new: str) -> Change:
    """Replace a text in the entries of one kind."""

    def change(db: sqlite3.Connection) -> None:
        done = db.execute(
            f"UPDATE entry SET detail = replace(detail, '{old}', '{new}') WHERE kind = {kind} "
            f"AND detail LIKE '%{old}%'"
        )
        assert done.rowcount > 0, "nothing was altered"

    return change


def _recomputed(change: Change) -> Change:
    """Apply a change and recompute every link, as somebody without the key could."""

    def recompute(db: sqlite3.Connection) -> None:
        change(db)
        entries = entry_rows(Database(db))
        previous = NO_SEAL
        links = db.execute("SELECT number, first_entry, entry_count FROM link ORDER BY number")
        for number, first, count in links.fetchall():
            covered = canonical(entries[first : first + count])
            previous = compute_link(previous, entry_range(first, count), covered, b"")
            db.execute("UPDATE link SET digest = ? WHERE number = ?", (previous, number))

    return recompute


def flipped(place: int) -> Change:
    """One bit in the packed log and samples of the session."""

    def flip(db: sqlite3.Connection) -> None:
        ((data,),) = db.execute("SELECT data FROM packed_session WHERE session = 1").fetchall()
        at = place % len(data)
        spoiled = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        db.execute("UPDATE packed_session SET data = ? WHERE session = 1", (spoiled,))

    return flip


def _log(statement: str, place: str) -> Alteration:
    return Alteration(_sql(statement), place, of_words=False)


def _another_order(db: sqlite3.Connection) -> None:
    """Exchange the order for another one with its matching digest: consistent in itself."""
    ((text,),) = db.execute("SELECT order_text FROM session_order WHERE session_id = 's-1'")
    other = text.replace("60 N", "61 N")
    db.execute(
        "UPDATE session_order SET order_text = ?, order_digest = ? WHERE session_id = 's-1'",
        (other, hashlib.sha256(other.encode()).hexdigest()),
    )


_EDIT_EVENT = "UPDATE packed_session SET data = edited(data, {}) WHERE session = 1"
_SIGNED, _AMENDED, _ACCEPTED = 4, 5, 6

ALTERATIONS: dict[str, Alteration] = {
    "a signed word": Alteration(_replaced(_SIGNED, "supine", "prone"), "entries 4-4"),
    "who signed": Alteration(_replaced(_SIGNED, "P. Jones", "Q. Jones"), "entries 4-4"),
    "credentials": Alteration(_replaced(_SIGNED, "PT", "MD"), "entries 4-4"),
    "a device value as signed": Alteration(_replaced(_SIGNED, "60.1 N", "61.1 N"), "entries 4-4"),
    "the seal that was signed": Alteration(_replaced(_SIGNED, "seal", "sea1"), "entries 4-4"),
    "no device values": Alteration(_replaced(_SIGNED, "device", "devise"), "entries 4-4"),
    "a signed word that is no JSON": Alteration(
        _sql(f"UPDATE entry SET detail = '{{' WHERE kind = {_SIGNED}"), "entries 4-4"
    ),
    "when it was signed": Alteration(
        _sql(f"UPDATE entry SET utc_ms = utc_ms - 60000 WHERE kind = {_SIGNED}"), "entries 4-4"
    ),
    "an unknown kind": Alteration(
        _sql(f"UPDATE entry SET kind = 99 WHERE kind = {_SIGNED}"), "entries 4-4"
    ),
    "an amended word": Alteration(_replaced(_AMENDED, '"2"', '"7"'), "entries 5-5"),
    "why it was amended": Alteration(_replaced(_AMENDED, "slip", "typo"), "entries 5-5"),
    "an amendment taken away": Alteration(
        _sql(f"DELETE FROM entry WHERE kind = {_AMENDED}"), "entry 5"
    ),
    "a signature taken away": Alteration(
        _sql(f"DELETE FROM entry WHERE kind = {_SIGNED}"), "entry 4"
    ),
    "an accepted modifier": Alteration(_replaced(_ACCEPTED, ":GP", ":XU"), "entries 6-6"),
    "no accepted value": Alteration(_replaced(_ACCEPTED, "value", "valve"), "entries 6-6"),
    "an acceptance without a line": Alteration(_replaced(_ACCEPTED, "97012:", ""), "entries 6-6"),
    "an acceptance of another session": Alteration(_replaced(_ACCEPTED, "s-1", "s-2"), "entries 6"),
    "an acceptance taken away": Alteration(
        _sql(f"DELETE FROM entry WHERE kind = {_ACCEPTED}"), "entry 6"
    ),
    "what was exported": Alteration(_replaced(2, "claim.txt", "other.txt"), "entries 7-7"),
    "an audit row": Alteration(_replaced(2, '"note"', '"none"'), "entries 8-8"),
    "an audit row taken away": Alteration(_sql("DELETE FROM entry WHERE sequence = 8"), "entry 8"),
    "an audit row of another session taken away": Alteration(
        _sql("DELETE FROM entry WHERE sequence = 10"), "10"
    ),
    "an opening taken away": Alteration(_sql("DELETE FROM entry WHERE kind = 41"), "entry 2"),
    "a link's signature": Alteration(
        _sql("UPDATE link SET signature = zeroblob(64) WHERE number = 2"), "link 2"
    ),
    "a link's digest": Alteration(
        _sql("UPDATE link SET digest = zeroblob(32) WHERE number = 2"), "link 2"
    ),
    "a link's key": Alteration(
        _sql("UPDATE link SET key_id = 'fedcba9876543210' WHERE number = 3"), "link 3"
    ),
    "a link taken away": Alteration(_sql("DELETE FROM link WHERE number = 3"), "link 3"),
    "the newest link taken away": Alteration(
        _sql("DELETE FROM link WHERE number = (SELECT max(number) FROM link)"), "10"
    ),
    "a signed word, links made anew": Alteration(
        _recomputed(_replaced(_SIGNED, "supine", "prone")), "link 2: it is not signed"
    ),
    "an acceptance given away, links made anew": Alteration(
        _recomputed(_replaced(_ACCEPTED, "s-1", "s-2")), "link 4: it is not signed"
    ),
    "the order": Alteration(
        _sql("UPDATE session_order SET order_text = replace(order_text, 'left', 'right')"),
        "the order of session s-1",
    ),
    "another order with its digest": Alteration(
        _another_order, "the order of session s-1: it is not the one that the evidence names"
    ),
    "the order's digest": Alteration(
        _sql("UPDATE session_order SET order_digest = '00'"), "the order of session s-1"
    ),
    "an order that is none": Alteration(
        _sql("UPDATE session_order SET order_text = 'x'"), "the order of session s-1"
    ),
    "the order taken away": Alteration(
        _sql("DELETE FROM session_order WHERE session_id = 's-1'"), "the order of session s-1"
    ),
    "whose order it is": Alteration(
        _sql(
            "INSERT INTO patient VALUES ('key-x', 'X')",
            "UPDATE session_order SET patient_key = 'key-x' WHERE session_id = 's-1'",
        ),
        "the order of session s-1",
    ),
    "another schema": Alteration(_sql("ALTER TABLE link ADD COLUMN more TEXT"), "link"),
    "a bit of a sample": Alteration(flipped(-12), "", of_words=False),
    "another bit of a sample": Alteration(flipped(-40), "", of_words=False),
    "a bit of the packed events": Alteration(flipped(9), "", of_words=False),
    "when an event was": _log(_EDIT_EVENT.format("3, 'at_ms', 1"), "event"),
    "an event taken away": _log(
        "UPDATE packed_session SET data = without(data, 3), event_count = event_count - 1 "
        "WHERE session = 1",
        "",
    ),
    "the seal's signature": _log(
        "UPDATE signature SET signature = zeroblob(64) WHERE session = 1", "signature"
    ),
    "the seal": _log("UPDATE seal SET digest = zeroblob(32) WHERE session = 1", "seal"),
    "the opening": _log(
        "UPDATE event SET detail = replace(detail, 'SIM', 'SAM') WHERE session = 1", "event"
    ),
}


def lived_visit(data: RecordFolder) -> None:
    """A visit with every covered element: signed, amended, accepted, exported and read."""
    recorded(data, SESSION)
    complete(data, note_of(data), ALL_WORDS, author(data))
    sign(data, note_of(data), "PT", author(data))
    amend(data, note_of(data), {"pain_after": "2"}, "slip", author(data))
    answer = OfferAnswer(
        session_id=SESSION, what="modifier", value="97012:GP", accepted=True, evidence=("GP",)
    )
    record_acceptance(data, answer, author(data), patient_key="key-of-TEST-1")
    export = ClaimExport(
        format="csv",
        file="claim.txt",
        digest="00",
        note_digest="00",
        context_digest="",
        ready=False,
    )
    of_visit = {"session_id": SESSION, "patient_key": "key-of-TEST-1"}
    record_claim_export(data, author(data), export, **of_visit)
    record_read(data, author(data), "note", **of_visit)
    recorded(data, "s-2", reference="TEST-2", began_ms=BEGAN_MS + DAY_MS)
    record_read(data, author(data), "show", session_id="s-2", patient_key="key-of-TEST-2")


def alter_visit(data: RecordFolder, alteration: Alteration) -> None:
    """Alter the visit in the file, as somebody with a database tool could."""
    path = data.clinic_database if alteration.of_words else data.unit_database(UNIT)
    with altering(path) as db:
        alteration.change(db)


def fault_of_face(data: RecordFolder, face: str, alteration: Alteration, out: Path) -> str:
    """Returns why a face does not report what was altered and where; "" when it does.

    A face either reports it or refuses in words with the exit status of an altered record, and
    writes nothing.
    """
    command = FACES[face]
    if command[0] == "export":
        command = (*command, "--out", str(out))
    result = run(data, *command)
    error, status, text = result.exception, result.exit_code, result.output
    if error is not None and not isinstance(error, SystemExit):
        if not isinstance(error, TractionError):
            return f"{face}: an internal error, {error!r}"
        status, text = exit_status(error), error.message
    if status != RECORD_BAD:
        return f"{face}: status {status} with {text[-200:]!r}"
    if alteration.place not in text:
        return f"{face}: {alteration.place!r} is not said in {text[-300:]!r}"
    return f"{face}: it was written all the same" if out.exists() else ""

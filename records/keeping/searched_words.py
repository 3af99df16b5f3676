"""What people wrote of each session, read as far as a search asks for it. Read-only.

A folder of years has tens of thousands of notes: only those are read whole whose stored text holds
a word that is looked for.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.errors import JournalCorrupt
from records.clinic.visit_sessions import visits_in
from records.note.fields import PATIENT_REFERENCE
from records.note.words import AMENDED, DRAFT, SIGNED
from records.store.clinic_chain import EntryKind
from records.store.clinic_file import clinic_reading, has_chain
from records.store.database import Database, rows
from records.store.record_folder import RecordFolder
from records.strict_json import parse_object

STATUS = {EntryKind.NOTE_SIGNED: SIGNED, EntryKind.NOTE_AMENDED: AMENDED}
_SIGNED = f"kind IN ({', '.join(str(int(kind)) for kind in STATUS)})"
_REFERENCE = PATIENT_REFERENCE.name
HEADS = (
    f"SELECT sequence, session_id, kind, iif(json_valid(detail), "
    f"json_extract(detail, '$.words.{_REFERENCE}.value'), NULL) FROM entry "
    f"WHERE {_SIGNED} ORDER BY sequence"
)
NOTES = f"SELECT session_id, detail FROM entry WHERE {_SIGNED} ORDER BY sequence"
DRAFTS = "SELECT session_id, name, value FROM draft_word WHERE value IS NOT NULL"
ORDERS = (
    "SELECT session_id, reference, order_text FROM session_order JOIN patient ON key = patient_key"
)
ORDERS_WITHOUT_TEXT = ORDERS.replace("order_text", "''")
_WRITTEN = '"words":{'
_TEXT = r'"[^"\\\n]*"'
_VALUE = rf"{_TEXT}|\[(?:{_TEXT}(?:, {_TEXT})*)?\]"
_PLAIN_ORDER = re.compile(rf"(?:\n|[A-Za-z_]+ = (?:{_VALUE})(?:\n|\Z))*")
_TEXTS = re.compile(_TEXT)


@dataclass(frozen=True, slots=True)
class SpokenWords:
    """What people wrote of one session. ``texts`` are those in which a word may be, in small."""

    reference: str = ""
    references: frozenset[str] = frozenset()
    texts: str = ""
    status: str = DRAFT


UNSPOKEN = SpokenWords()
"""Of a session of which nobody wrote anything."""


def searched_words(folder: RecordFolder, words: Sequence[str]) -> dict[str, SpokenWords]:
    """By session; texts only as far as they may hold one of the ``words``."""
    if not folder.clinic_database.exists():
        return {}
    small = [word.lower() for word in words]
    with clinic_reading(folder) as db:
        heads = _heads(db)
        references = _drafted(db, _REFERENCE) | {
            name: said for name, (_, said) in heads.items() if said
        }
        notes = _Notes(db, small) if small else None
        named = visits_in(db).named
        ordered = rows(db, ORDERS if small else ORDERS_WITHOUT_TEXT)
    found = {}
    for session_id, ordered_for, order_text in ordered:
        visit = named(session_id)
        reference = references.get(visit) or ordered_for
        found[session_id] = SpokenWords(
            reference,
            frozenset((ordered_for, reference)),
            "" if notes is None else notes.with_order(visit, order_text),
            heads[visit][0] if visit in heads else DRAFT,
        )
    return found


class _Notes:
    """The texts of drafts and signed notes; those that may hold no word are not read whole."""

    def __init__(self, db: Database, words: Sequence[str]) -> None:
        self._words = words
        self._as_stored = [json.dumps(word, ensure_ascii=False)[1:-1] for word in words]
        self._drafts: dict[str, dict[str, str]] = {}
        self._signed: dict[str, list[str]] = {}
        if has_chain(db):
            for visit, name, value in rows(db, DRAFTS):
                self._drafts.setdefault(visit, {})[name] = value
            for visit, detail in rows(db, NOTES):
                self._signed.setdefault(visit, []).append(detail)

    def with_order(self, visit: str, order_text: str) -> str:
        """The texts of an order and, where a word is not in them, those of the visit's note."""
        texts = "\n".join(_texts_of_order(order_text, self._words))
        if all(word in texts for word in self._words):
            return texts
        return f"{texts}\n{self._of(visit)}"

    def _of(self, visit: str) -> str:
        """The newest text of each field, in small."""
        said = {**self._drafts.get(visit, {})}
        signed = self._signed.get(visit, ())
        if any(self._may_hold_a_word(detail) for detail in signed):
            for detail in signed:
                said.update(_words_in(detail))
        return "\n".join(said.values()).lower()

    def _may_hold_a_word(self, detail: str) -> bool:
        """By the stored text: what people wrote is the last part of a version."""
        written = detail[max(0, detail.rfind(_WRITTEN)) :].lower()
        return any(word in written for word in self._as_stored)


def _heads(db: Database) -> dict[str, tuple[str, str]]:
    """Status and reference of each signed note, by the session or sheet that calls its visit."""
    heads: dict[str, tuple[str, str]] = {}
    for sequence, session_id, kind, reference in rows(db, HEADS) if has_chain(db) else ():
        if session_id is None:
            raise JournalCorrupt(
                f"entry {sequence} of clinic.db does not hold its JSON any more: the file was "
                "altered; `traction verify --all` says where"
            )
        before = heads.get(session_id)
        heads[session_id] = (STATUS[kind], reference or (before[1] if before else ""))
    return heads


def _drafted(db: Database, name: str) -> dict[str, str]:
    if not has_chain(db):
        return {}
    return dict(rows(db, DRAFTS.replace(" name, ", " ") + " AND name = ?", (name,)))


def _words_in(detail: str) -> Iterator[tuple[str, str]]:
    for name, word in parse_object(detail)["words"].items():
        if word["value"] is not None:
            yield name, word["value"]


def _texts_of_order(order_text: str, words: Sequence[str]) -> Iterator[str]:
    """The values that the order's writer wrote, in small, if one of the words may be in them."""
    small = order_text.lower()
    if _PLAIN_ORDER.fullmatch(small):
        if any(word in small for word in words):
            yield from (text[1:-1] for text in _TEXTS.findall(small))
        return
    for value in tomllib.loads(order_text).values():
        yield from (str(item).lower() for item in (value if isinstance(value, list) else [value]))

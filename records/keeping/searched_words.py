"""What people wrote of each session, read as far as a search needs it. Read-only.

A folder of years has tens of thousands of notes: only those are read completely whose stored text
contains a word that is searched.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
NOTES = f"SELECT sequence, detail FROM entry WHERE {_SIGNED} ORDER BY sequence"
DRAFTS = "SELECT session_id, name, value FROM draft_word WHERE value IS NOT NULL"
ORDERS = (
    "SELECT session_id, reference, order_text FROM session_order JOIN patient ON key = patient_key"
)
ORDERS_WITHOUT_TEXT = ORDERS.replace("order_text", "''")
_WRITTEN = '"words":{'
_VALUES = re.compile(r'"value":"([^"]*)"')
"""Of a text without a backslash; quotes that somebody typed have one before them."""
_TEXT = r'"[^"\\\n]*"'
_VALUE = rf"{_TEXT}|\[(?:{_TEXT}(?:, {_TEXT})*)?\]"
_PLAIN_ORDER = re.compile(rf"(?:\n|[A-Za-z_]+ = (?:{_VALUE})(?:\n|\Z))*")
_TEXTS = re.compile(_TEXT)


@dataclass(frozen=True, slots=True)
class SpokenWords:
    """What people wrote of one session. ``texts`` are those that may match, in lower case."""

    reference: str = ""
    references: frozenset[str] = frozenset()
    texts: str = ""
    status: str = DRAFT


UNSPOKEN = SpokenWords()
"""Of a session without any text."""


def searched_words(folder: RecordFolder, words: Sequence[str]) -> dict[str, SpokenWords]:
    """Returns them by session; texts only as far as they may contain one of the ``words``."""
    if not folder.clinic_database.exists():
        return {}
    small = [word.lower() for word in words]
    with clinic_reading(folder) as db:
        signed = _signed(db)
        heads = _heads(signed)
        references = _drafted(db, _REFERENCE) | {
            name: said for name, (_, said) in heads.items() if said
        }
        notes = _Notes(db, small, {number: name for number, name, *_ in signed}) if small else None
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
    """The texts of drafts and signed notes; those that cannot match are not read completely."""

    def __init__(self, db: Database, words: Sequence[str], visits: Mapping[int, str]) -> None:
        self._words = words
        self._as_stored = [json.dumps(word, ensure_ascii=False)[1:-1] for word in words]
        self._drafts: dict[str, dict[str, str]] = {}
        self._signed: dict[str, list[str]] = {}
        if not has_chain(db):
            return
        for visit, name, value in rows(db, DRAFTS):
            self._drafts.setdefault(visit, {})[name] = value
        stored = rows(db, NOTES)
        for word in self._as_stored:
            for sequence, detail in stored:
                if word in detail.lower():
                    self._signed[visits[sequence]] = []
        if self._signed:
            for sequence, detail in stored:
                if visits[sequence] in self._signed:
                    self._signed[visits[sequence]].append(detail)

    def with_order(self, visit: str, order_text: str) -> str:
        """Returns the texts of an order and, if a word is not in them, of the visit's note."""
        texts = _texts_of_order(order_text, self._words)
        if visit not in self._signed and visit not in self._drafts:
            return texts
        if all(word in texts for word in self._words):
            return texts
        return f"{texts}\n{self._of(visit)}"

    def _of(self, visit: str) -> str:
        """Returns the newest text of each field, in lower case, without older ones."""
        draft, signed = self._drafts.get(visit, {}), self._signed.get(visit, [])
        if len(signed) == 1 and not draft:
            written = _written(signed[0])
            if "\\" not in written:
                return "\n".join(_VALUES.findall(written))
        said = {**draft}
        for detail in signed:
            said.update(_words_in(detail))
        return "\n".join(said.values()).lower()


def _written(detail: str) -> str:
    """Returns what people wrote, in lower case, as stored: the last part of a version."""
    return detail[max(0, detail.rfind(_WRITTEN)) :].lower()


def _signed(db: Database) -> list[tuple[int, str, int, str | None]]:
    """Yields each signed version: its entry, the session or sheet of its visit, kind, reference."""
    signed = rows(db, HEADS) if has_chain(db) else []
    for sequence, visit, *_ in signed:
        if visit is None:
            raise JournalCorrupt(
                f"entry {sequence} of clinic.db does not hold its JSON any more: the file was "
                "altered; `traction verify --all` says where"
            )
    return signed


def _heads(signed: Iterable[tuple[int, str, int, str | None]]) -> dict[str, tuple[str, str]]:
    """Returns status and reference of each signed note, by the naming session or sheet."""
    heads: dict[str, tuple[str, str]] = {}
    for _, visit, kind, reference in signed:
        before = heads.get(visit)
        heads[visit] = (STATUS[EntryKind(kind)], reference or (before[1] if before else ""))
    return heads


def _drafted(db: Database, name: str) -> dict[str, str]:
    if not has_chain(db):
        return {}
    return dict(rows(db, DRAFTS.replace(" name, ", " ") + " AND name = ?", (name,)))


def _words_in(detail: str) -> Iterator[tuple[str, str]]:
    for name, word in parse_object(detail)["words"].items():
        if word["value"] is not None:
            yield name, word["value"]


def _texts_of_order(order_text: str, words: Sequence[str]) -> str:
    """Returns the values of the order's writer, in lower case, if they may contain a word."""
    small = order_text.lower()
    for word in words:
        if word in small or "\\" in small:
            break
    else:
        return ""
    if _PLAIN_ORDER.fullmatch(small):
        return "\n".join(text[1:-1] for text in _TEXTS.findall(small))
    values = tomllib.loads(order_text).values()
    lists = (value if isinstance(value, list) else [value] for value in values)
    return "\n".join(str(item).lower() for each in lists for item in each)

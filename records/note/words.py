"""Entries of a note: texts, versions, signature. Derived from clinic.db, never changed.

A version is a signature or an amendment. Each contains all of its changes, so that every earlier
text of a note can be derived.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from difflib import SequenceMatcher
from zoneinfo import ZoneInfo

from controller.errors import JournalCorrupt
from controller.events import JsonValue
from controller.order.force_unit import ForceUnit
from records.checked_data import known_zone
from records.clinic.standing_used import NOTHING_USED, StandingUsed
from records.clinic.visit_steps import VisitStep
from records.evidence.unreadable import refused_in_words
from records.store.canonical import canonical_json
from records.store.clinic_chain import Entry, EntryKind

FORCE_UNIT = "force_unit"
"""The unit that led when a note was signed; in notes from before it was kept newtons led."""
TIME_ZONE = "time_zone"
"""The clinic's zone that a note was signed with, "" for one without a name; in notes from before it
was kept times had their offset.
"""
DRAFT, SIGNED, AMENDED = "draft", "signed", "amended"
REPEATED_PERMILLE = 900
"""From this similarity on a text counts as a repetition (rule N-12: 90 %)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A person's entry in one field. ``value`` None with ``not_assessed``: nothing to say."""

    value: str | None
    not_assessed: bool
    source: str
    said_by: str
    said_utc_ms: int

    def as_json(self) -> dict[str, JsonValue]:
        """Returns it as in a signed version."""
        return {
            "value": self.value,
            "not_assessed": self.not_assessed,
            "source": self.source,
            "said_by": self.said_by,
            "said_utc_ms": self.said_utc_ms,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFiling:
    """Who filed a session's order, and when; ``by`` is "" in records from before it was kept."""

    by: str
    at_utc_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteVersion:
    """A signed version: who, when, why, and its changes (all entries, in version 1).

    ``digest`` is the SHA-256 (hex) of its entry's text in clinic.db. ``further`` are the visit's
    other sessions with their seals, None where the version does not name them.
    """

    number: int
    by: str
    credentials: str
    at_utc_ms: int
    reason: str
    changes: Mapping[str, Word]
    digest: str = ""
    further: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """Who signed the newest version."""

    signed_by: str
    credentials: str
    signed_at_utc_ms: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteWords:
    """All entries of one note. ``device`` are the device's values as signed.

    ``further`` are the seals of the visit's other sessions as signed. ``forces`` is the unit of
    force that led when the note was signed, ``time_zone`` the name of the zone of its times: "" for
    a zone without one, None where they had their offset.

    ``filed`` is None where clinic.db does not say who filed the order (before the register).
    ``entry`` is the sequence of the newest version in clinic.db, -1 for a draft.
    """

    words: Mapping[str, Word] = field(default_factory=dict)
    versions: tuple[NoteVersion, ...] = ()
    seal: str = ""
    device: Mapping[str, str | None] = field(default_factory=dict)
    further: Mapping[str, str] = field(default_factory=dict)
    forces: ForceUnit = ForceUnit.NEWTON
    time_zone: str | None = None
    checkpoint: str = ""
    entry: int = -1
    filed: OrderFiling | None = None
    standing: StandingUsed = NOTHING_USED
    steps: tuple[VisitStep, ...] = ()

    def version_of(self, name: str) -> NoteVersion | None:
        """Returns the version of a field's entry; None for a draft's."""
        return next((one for one in reversed(self.versions) if name in one.changes), None)

    @property
    def zone(self) -> tzinfo | None:
        """Returns the zone that the note was signed with; None for a draft, or without a name."""
        return ZoneInfo(self.time_zone) if self.time_zone else None

    @property
    def names_zone(self) -> bool:
        """Returns True where times have the zone's name, which older signed notes lack."""
        return not self.versions or self.time_zone is not None

    @property
    def status(self) -> str:
        """Returns draft, signed or amended."""
        return (DRAFT, SIGNED)[len(self.versions)] if len(self.versions) < 2 else AMENDED

    @property
    def signature(self) -> NoteSignature | None:
        """Returns the newest version's; None for a draft."""
        if not self.versions:
            return None
        newest = self.versions[-1]
        return NoteSignature(
            signed_by=newest.by,
            credentials=newest.credentials,
            signed_at_utc_ms=newest.at_utc_ms,
            version=newest.number,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LastVisit:
    """The patient's visit before this one: its session and its entries.

    ``since`` is the day (YYYY-MM-DD) since which an entry is unchanged.
    """

    session_id: str
    words: Mapping[str, str]
    since: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """A text that repeats the last visit's; ``permille`` is their similarity."""

    name: str
    session_id: str
    permille: int


NOTHING_SAID = NoteWords()


def fold(entries: list[Entry], draft: Mapping[str, Word]) -> NoteWords:
    """Returns the note that results from its entries; ``draft`` counts only before a signature."""
    signed = [e for e in entries if e.kind in (EntryKind.NOTE_SIGNED, EntryKind.NOTE_AMENDED)]
    if not signed:
        return NoteWords(words=dict(draft))
    versions = tuple(_version(entry, number) for number, entry in enumerate(signed, start=1))
    words: dict[str, Word] = {}
    for version in versions:
        words |= version.changes
    with refused_in_words(f"entry {signed[0].sequence} of clinic.db, a signed note,"):
        seal = str(signed[0].detail["seal"])
        device = dict([e.detail["device"] for e in signed if "device" in e.detail][-1])
        forces = ForceUnit(signed[0].detail.get(FORCE_UNIT, ForceUnit.NEWTON.value))
        time_zone = _zone_named(signed[0].detail.get(TIME_ZONE))
    further = [version.further for version in versions if version.further is not None]
    return NoteWords(
        words=words,
        versions=versions,
        seal=seal,
        device=device,
        further=further[-1] if further else {},
        forces=forces,
        time_zone=time_zone,
        entry=signed[-1].sequence,
    )


def _zone_named(name: JsonValue) -> str | None:
    """Returns the zone that a signature names; raises ValueError for an unknown name."""
    return None if name is None else known_zone(str(name))


def filing_of(entries: Iterable[Entry]) -> OrderFiling | None:
    """Returns who filed the order of a session, by its entries."""
    for entry in entries:
        if entry.kind is EntryKind.SESSION_OPENED:
            return OrderFiling(by=str(entry.detail.get("by", "")), at_utc_ms=entry.utc_ms)
    return None


def alike_permille(text: str, other: str) -> int:
    """Returns the similarity of two texts, ignoring case and spaces: 1000 is equal."""
    one, two = (" ".join(each.lower().split()) for each in (text, other))
    return round(1000 * SequenceMatcher(None, one, two, autojunk=False).ratio())


def _version(entry: Entry, number: int) -> NoteVersion:
    detail = entry.detail
    try:
        if detail["version"] != number:
            raise KeyError(f"version {number}")
        return NoteVersion(
            number=number,
            by=detail["by"],
            credentials=detail["credentials"],
            at_utc_ms=entry.utc_ms,
            reason=detail["reason"],
            changes={name: _word(said) for name, said in detail["words"].items()},
            digest=hashlib.sha256(canonical_json(detail).encode()).hexdigest(),
            further=dict(detail["sessions"]) if "sessions" in detail else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise JournalCorrupt(
            f"entry {entry.sequence} of clinic.db lacks {error}: a version of the note was altered "
            "or removed; `traction verify --all` says where"
        ) from error


def _word(said: Mapping[str, JsonValue]) -> Word:
    value, said_utc_ms = said["value"], said["said_utc_ms"]
    if not isinstance(said_utc_ms, int) or not (value is None or isinstance(value, str)):
        raise TypeError("a whole word")
    return Word(
        value=value,
        not_assessed=bool(said["not_assessed"]),
        source=str(said["source"]),
        said_by=str(said["said_by"]),
        said_utc_ms=said_utc_ms,
    )

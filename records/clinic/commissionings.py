"""Commissionings in clinic.db's chain: what was tested, by whom, the result, and its validity.

A failed test is kept like a passed one, and the newest one of an instrument or a unit counts.
Numbers are integers: millinewtons (``_mn``), grams, milliseconds, microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from controller.errors import JournalCorrupt, RequestRefused
from controller.event_details.codec import decode_fields, encode_fields
from records.clinic.chain_check import ChainCheck
from records.evidence.unreadable import refused_in_words
from records.keys.key_folder import key_history
from records.keys.signing import known_public_keys
from records.store.author import Author
from records.store.cell_check import CellCheck
from records.store.clinic_chain import Entry, EntryKind, append_entries, entries_of_kind, entry_of
from records.store.clinic_file import clinic_reading, clinic_writing
from records.store.record_folder import RecordFolder
from records.times_in_words import DayOf

VALID_DAYS: Final = 30
"""Days on which a weight test is valid, its own included (commissioning.md)."""
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissionedThing:
    """The tested device: a commissioning is valid for exactly this.

    ``unit_id`` names the file of its records, 16 hex digits. ``profile_digest`` is the SHA-256 of
    the profile's file. Both CRCs are reported by a unit, 0 for an instrument, which reports none.
    """

    unit_id: str
    profile: str
    profile_digest: str
    firmware_crc: int = 0
    calibration_crc: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelResult:
    """One force channel: level, noise and drift in 60 s of the free cell; the weight's force."""

    zero_mn: int
    noise_mn: int
    drift_mn: int
    weight_mn: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredLine:
    """Round trips with a time-out of 1 s, microseconds, including adapter and gateway.

    ``slowest_us`` is the limit that all but one answer in a thousand met, None where fewer than 1
    000 came or more than one in a thousand was lost.
    """

    answers: int
    lost: int
    p50_us: int
    p95_us: int
    p99_us: int
    longest_us: int
    slowest_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """One judged item, as the probe or the test showed it."""

    item: str
    state: str
    value: str
    todo: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissioningRecord:
    """One commissioning. ``step_ms``: how long the removal of the weight took, 90 to 10 %."""

    tested: CommissionedThing
    title: str
    serial: str
    address: str
    program: str
    capacity_mn: int
    weight_g: int
    expected_mn: int
    channels: tuple[ChannelResult, ...]
    step_ms: int | None
    line: MeasuredLine
    items: tuple[ItemResult, ...]
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Who signed for a test, and the account of the operating system."""

    by: str
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledTest:
    """A test on file: who signed for it, and when."""

    by: str
    at_utc_ms: int

    def day(self, day_of: DayOf) -> date:
        """Returns the clinic's day of it."""
        return day_of(self.at_utc_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledCommissioning(FiledTest):
    """A commissioning on file."""

    record: CommissioningRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The validity of a commissioning now; ``text`` is for people; no ``days_left``: invalid."""

    valid: bool
    text: str
    days_left: int | None = None


def file_commissioning(folder: RecordFolder, author: Author, record: CommissioningRecord) -> None:
    """Append it to the chain, signed, with the person who did it; raises JournalError."""
    if not author.by.strip():
        raise RequestRefused("a commissioning names who did it; say it with --by")
    detail = encode_fields(Signer(by=author.by, user=author.user)) | encode_fields(record)
    with clinic_writing(folder) as db:
        append_entries(db, author, [(EntryKind.COMMISSIONED, detail)])


def commissionings(folder: RecordFolder) -> list[FiledCommissioning]:
    """Returns every commissioning on file, oldest first, from an intact chain; each is signed.

    Raises JournalCorrupt for an altered chain: nothing in it may decide about a patient.
    """
    if not folder.clinic_database.exists():
        return []
    keys = key_history(folder).only(known_public_keys(folder))
    with clinic_reading(folder) as db:
        if not entries_of_kind(db, EntryKind.COMMISSIONED):
            return []
        chain = ChainCheck(db, keys.public_keys, keys, CellCheck(db))
        rows = [row for row in chain.entries if row.kind == EntryKind.COMMISSIONED]
        texts = {row.sequence for row in rows}
        altered = next(chain.alterations(texts, since=len(chain.entries)), None)
    if altered is not None:
        raise JournalCorrupt(
            f"clinic.db, {altered.where}: {altered.what}; no commissioning in it is trusted. "
            "`traction verify --all` says more"
        )
    return [_filed(entry_of(row)) for row in rows]


def newest_of(folder: RecordFolder, unit_id: str) -> FiledCommissioning | None:
    """Returns the newest commissioning of an instrument or a unit, whatever its result."""
    found = [one for one in commissionings(folder) if one.record.tested.unit_id == unit_id]
    return found[-1] if found else None


def standing_of(
    filed: FiledCommissioning | None, tested: CommissionedThing, utc_ms: int, day_of: DayOf
) -> Standing:
    """Returns whether it is valid for the connected device; ``utc_ms`` is the wall clock.

    It expires between two of the clinic's days, never in the middle of one.
    """
    if filed is None:
        return Standing(valid=False, text="no weight test on record")
    day = filed.day(day_of)
    what = f"weight test of {day} by {filed.by}"
    if not filed.record.passed:
        return Standing(valid=False, text=f"{what} was not passed")
    if changed := _changed(filed.record.tested, tested):
        return Standing(valid=False, text=f"{what} was done with another {changed}")
    if filed.at_utc_ms > utc_ms + DAY_MS:
        return Standing(valid=False, text=f"{what} is in the future: one of the clocks is wrong")
    days = max(0, (day_of(utc_ms) - day).days)
    left = VALID_DAYS - days
    if left <= 0:
        since = f"{_days(-left)} ago" if left else "today"
        return Standing(valid=False, text=f"{what} ran out {since}", days_left=0)
    return Standing(valid=True, text=f"{what}, valid for {_days(left)} more", days_left=left)


def _changed(then: CommissionedThing, now: CommissionedThing) -> str:
    """Returns what differs, in words; "" for nothing."""
    names: Mapping[str, str] = {
        "unit_id": "instrument",
        "profile": "profile",
        "profile_digest": "version of its profile",
        "firmware_crc": "firmware",
        "calibration_crc": "calibration",
    }
    differing = (text for key, text in names.items() if getattr(then, key) != getattr(now, key))
    return next(differing, "")


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _filed(entry: Entry) -> FiledCommissioning:
    with refused_in_words(f"entry {entry.sequence} of clinic.db, a commissioning,"):
        return FiledCommissioning(
            record=decode_fields(CommissioningRecord, entry.detail),
            by=decode_fields(Signer, entry.detail).by,
            at_utc_ms=entry.utc_ms,
        )

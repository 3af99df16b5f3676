"""The life of the keys: signed, dated, linked records, and their meaning.

``DIR/keys/keys.jsonl`` has one record a line, canonical JSON (records/store/canonical.py). Its
signatures are over SHA-256("traction-key-record/1" LF record without "signatures" LF); "previous"
is the SHA-256 of the whole line before it. Nothing here reads a file or a clock.

A record states the end of every chain of the folder ("reached"), so that the period of a key does
not depend on a clock only: what follows that place in a chain belongs to the next key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from controller.events import JsonValue
from records.store.canonical import canonical_json
from records.store.chain import Subject
from records.store.ed25519 import SigningKey, key_id_of, verify_signature

FORMAT = "traction-key-record/1"
PUBLIC_SIZE = 32
NO_RECORD = ""
"""The first record's digest of a previous one."""
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)

Reached = Mapping[str, int | None]
"""The last number of each chain (a unit's id or ``clinic.db``); None: it could not be read."""


class KeyEvent(StrEnum):
    """The events of a key."""

    BEGUN = "begun"
    ROTATED = "rotated"
    REPLACED = "replaced"
    ACCEPTED = "accepted"
    REVOKED = "revoked"


_BRINGS_KEY = (KeyEvent.BEGUN, KeyEvent.ROTATED, KeyEvent.REPLACED)
"""After these the key of the record is the one in use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidOfKey:
    """Who states something about a key, when and why; empty for the first key."""

    at_utc_ms: int
    by: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """One line. ``key`` is the public key that the event is about, 32 raw bytes.

    ``found`` are public keys that were in the folder when records began; ``from_utc_ms`` is the
    moment from which a revoked key is not trusted. ``signatures`` are by key id.
    """

    number: int
    kind: KeyEvent
    at_utc_ms: int
    key: bytes
    previous: str
    by: str = ""
    reason: str = ""
    found: tuple[bytes, ...] = ()
    from_utc_ms: int | None = None
    reached: Reached = field(default_factory=dict)
    signatures: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def key_id(self) -> str:
        """Returns the id of the key that the event is about."""
        return key_id_of(self.key)

    @property
    def statement(self) -> bytes:
        """Returns the digest that is signed."""
        text = canonical_json(self._said())
        return hashlib.sha256(f"{FORMAT}\n{text}\n".encode()).digest()

    @property
    def line(self) -> str:
        """Returns the record as it is stored, without the end of the line."""
        signatures: dict[str, JsonValue] = {
            key_id: made.hex() for key_id, made in self.signatures.items()
        }
        return canonical_json({**self._said(), "signatures": signatures})

    @property
    def digest(self) -> str:
        """Returns SHA-256 of the stored line, in hex, which the next record and clinic.db name."""
        return hashlib.sha256(self.line.encode()).hexdigest()

    def signed(self, *keys: SigningKey) -> KeyRecord:
        """Returns the same record with the signatures of ``keys``."""
        return replace(self, signatures={key.key_id: key.sign(self.statement) for key in keys})

    def _said(self) -> dict[str, JsonValue]:
        return {
            "format": FORMAT,
            "number": self.number,
            "kind": self.kind.value,
            "at_utc_ms": self.at_utc_ms,
            "key": self.key.hex(),
            "previous": self.previous,
            "by": self.by,
            "reason": self.reason,
            "found": [key.hex() for key in self.found],
            "from_utc_ms": self.from_utc_ms,
            "reached": dict(self.reached),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTime:
    """A key and its period, UTC milliseconds; None is unbounded.

    ``came_by`` is the event that brought it in, with "found" for a key that was in the folder
    before records of keys existed. ``signed_in`` is False for a key that no earlier one vouches for
    although there was one.
    """

    public_key: bytes
    came_by: str
    by: str
    signed_in: bool = True
    since_utc_ms: int | None = None
    since_reached: Reached = field(default_factory=dict)
    until_utc_ms: int | None = None
    until_reached: Reached = field(default_factory=dict)
    revoked_from_utc_ms: int | None = None
    revoked_by: str = ""
    revoked_why: str = ""

    @property
    def key_id(self) -> str:
        """Returns the key's id in seals and files."""
        return key_id_of(self.public_key)

    def fault_at(self, utc_ms: int, subject: Subject | None) -> str:
        """Returns why a signature of then, for that place, is outside the key's period."""
        revoked = self.revoked_from_utc_ms
        if revoked is not None and utc_ms >= revoked:
            return (
                f"key {self.key_id} was revoked from {shown(revoked)} on ({self.revoked_why}; "
                f"{self.revoked_by}), and this is of {shown(utc_ms)}"
            )
        if self._is_after(utc_ms, subject):
            return (
                f"key {self.key_id} was used after its time, which ended {_at(self.until_utc_ms)}"
            )
        if self._is_before(utc_ms, subject):
            return (
                f"key {self.key_id} was used before its time, which began {_at(self.since_utc_ms)}"
            )
        return ""

    @property
    def _clock_was_set_back(self) -> bool:
        """Returns whether the key's end is dated before its beginning: its dates prove nothing."""
        since, until = self.since_utc_ms, self.until_utc_ms
        return since is not None and until is not None and until < since

    def _is_after(self, utc_ms: int, subject: Subject | None) -> bool:
        if self.until_utc_ms is None:
            return False
        ended_at = None if subject is None else self.until_reached.get(subject.place, 0)
        if subject is None or ended_at is None:
            return utc_ms > self.until_utc_ms and not self._clock_was_set_back
        return subject.number > ended_at

    def _is_before(self, utc_ms: int, subject: Subject | None) -> bool:
        """Returns whether clock and chain both say so: setting a clock back alters nothing."""
        if self.since_utc_ms is None or utc_ms >= self.since_utc_ms or self._clock_was_set_back:
            return False
        began_at = None if subject is None else self.since_reached.get(subject.place, 0)
        return subject is None or began_at is None or subject.number <= began_at


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHistory:
    """The content of the records of a folder.

    ``fault`` is the first mismatch; records from there on are not trusted and not here.
    """

    records: tuple[KeyRecord, ...] = ()
    times: Mapping[str, KeyTime] = field(default_factory=dict)
    in_use: str = ""
    fault: str = ""

    @property
    def public_keys(self) -> dict[str, bytes]:
        """Returns every key that was ever accepted, by id, also expired ones."""
        return {key_id: time.public_key for key_id, time in self.times.items()}

    @property
    def replaced(self) -> str:
        """Returns the id of the key that was in use before; "" when there was none."""
        brought = [record.key_id for record in self.records if record.kind in _BRINGS_KEY]
        return brought[-2] if len(brought) > 1 else ""

    @property
    def head(self) -> tuple[int, str]:
        """Returns how many records there are and the digest of the newest; (0, "") without any."""
        return (len(self.records), self.records[-1].digest) if self.records else (0, NO_RECORD)

    def fault_of(self, key_id: str, utc_ms: int, subject: Subject | None = None) -> str:
        """Returns why a signature of that moment by that key is not trusted; "" within its period.

        ``subject`` is what was signed, where that has a place in a chain. Without any records no
        periods are known, so nothing is found.
        """
        if not self.records:
            return ""
        time = self.times.get(key_id)
        if time is None:
            return f"key {key_id} stands in no key record"
        return time.fault_at(utc_ms, subject)

    def only(self, public_keys: Mapping[str, bytes], came_by: str = "given") -> KeyHistory:
        """Returns the periods of keys that a person brought from elsewhere, as far as known here.

        A key without records has no bounds, and came by ``came_by``. Without any key no periods are
        known either.
        """
        if not public_keys:
            return NO_HISTORY
        times = {
            key_id: self.times.get(key_id) or KeyTime(public_key=key, came_by=came_by, by="")
            for key_id, key in public_keys.items()
        }
        return replace(self, times=times)

    def following(
        self,
        kind: KeyEvent,
        key: bytes,
        said: SaidOfKey,
        *,
        found: Sequence[bytes] = (),
        from_utc_ms: int | None = None,
        reached: Reached | None = None,
    ) -> KeyRecord:
        """Returns the next record, not yet signed."""
        number, previous = self.head
        return KeyRecord(
            number=number,
            kind=kind,
            at_utc_ms=said.at_utc_ms,
            key=key,
            previous=previous,
            by=said.by,
            reason=said.reason,
            found=tuple(found),
            from_utc_ms=from_utc_ms,
            reached=reached or {},
        )

    def with_record(self, record: KeyRecord) -> KeyHistory:
        """Returns the history after one more record; raises ValueError when it does not match."""
        _check(self, record)
        times = dict(self.times)
        _take(times, self.in_use, record)
        return KeyHistory(
            records=(*self.records, record),
            times=times,
            in_use=record.key_id if record.kind in _BRINGS_KEY else self.in_use,
        )


NO_HISTORY = KeyHistory()
"""Of a folder whose keys have no records, and of checks without periods."""


@lru_cache(maxsize=4)
def read_history(data: bytes) -> KeyHistory:
    """Returns the history in the bytes of a file, up to the first mismatching record.

    It is cached, because a visit reads it repeatedly and the same bytes give the same result.
    """
    history = NO_HISTORY
    lines = data.split(b"\n")
    if lines.pop():
        return replace(history, fault="the last record is cut")
    for number, line in enumerate(lines):
        try:
            history = history.with_record(_parsed(line))
        except _MALFORMED as error:
            return replace(history, fault=f"record {number} does not fit: {error}")
    return history


def shown(utc_ms: int) -> str:
    """Returns a moment for people; an invalid time as the number."""
    try:
        moment = datetime.fromtimestamp(utc_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{utc_ms} ms"
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _at(utc_ms: int | None) -> str:
    return "nowhere" if utc_ms is None else shown(utc_ms)


def _parsed(line: bytes) -> KeyRecord:
    said: dict[str, Any] = json.loads(line)
    if said["format"] != FORMAT:
        raise ValueError(f"its format is {said['format']!r}, known is {FORMAT}")
    record = KeyRecord(
        number=said["number"],
        kind=KeyEvent(said["kind"]),
        at_utc_ms=said["at_utc_ms"],
        key=bytes.fromhex(said["key"]),
        previous=said["previous"],
        by=said["by"],
        reason=said["reason"],
        found=tuple(bytes.fromhex(key) for key in said["found"]),
        from_utc_ms=said["from_utc_ms"],
        reached=said["reached"],
        signatures={name: bytes.fromhex(made) for name, made in said["signatures"].items()},
    )
    if record.line.encode() != line:
        raise ValueError("it is not written in the canonical form")
    _check_types(record)
    return record


def _check_types(record: KeyRecord) -> None:
    """Check types: JSON takes true for a number and a text for a list; a record does not."""
    numbers = (
        record.number,
        record.at_utc_ms,
        record.from_utc_ms or 0,
        *(number or 0 for number in record.reached.values()),
    )
    texts = (record.previous, record.by, record.reason, *record.reached)
    if any(type(number) is not int for number in numbers):
        raise ValueError("a number in it is not an integer")
    if any(type(text) is not str for text in texts):
        raise ValueError("a text in it is not a string")
    if any(len(key) != PUBLIC_SIZE for key in (record.key, *record.found)):
        raise ValueError(f"a public key in it has not {PUBLIC_SIZE} bytes")


def _check(history: KeyHistory, record: KeyRecord) -> None:
    number, previous = history.head
    if (record.number, record.previous) != (number, previous):
        raise ValueError("it does not follow the record before it")
    if (record.kind is KeyEvent.BEGUN) != (number == 0):
        raise ValueError(f"a record {record.kind} cannot stand at place {number}")
    _check_subject(history, record)
    wanted = _signers(history, record)
    if set(record.signatures) != set(wanted):
        raise ValueError(
            f"it is signed by {', '.join(sorted(record.signatures)) or 'nobody'}, "
            f"needed is {', '.join(sorted(wanted))}"
        )
    for key_id, public in wanted.items():
        if not verify_signature(public, record.statement, record.signatures[key_id]):
            raise ValueError(f"the signature of key {key_id} does not fit what it says")


def _check_subject(history: KeyHistory, record: KeyRecord) -> None:
    known = record.key_id in history.times
    if record.kind is KeyEvent.REVOKED:
        if not known or record.key_id == history.in_use:
            raise ValueError(f"key {record.key_id} is in use or unknown and cannot be revoked")
        if record.from_utc_ms is None:
            raise ValueError("a revocation must say from when on")
    elif known:
        raise ValueError(f"key {record.key_id} is on record already")


def _signers(history: KeyHistory, record: KeyRecord) -> dict[str, bytes]:
    """Returns who must sign a record, by key id; nobody else may."""
    new = {record.key_id: record.key}
    if record.kind in (KeyEvent.BEGUN, KeyEvent.REPLACED):
        return new
    present = {history.in_use: history.times[history.in_use].public_key}
    return {**present, **new} if record.kind is KeyEvent.ROTATED else present


def _take(times: dict[str, KeyTime], in_use: str, record: KeyRecord) -> None:
    """Apply a record that has been checked."""
    if record.kind is KeyEvent.REVOKED:
        times[record.key_id] = _revoked(times[record.key_id], record)
        return
    came = KeyTime(public_key=record.key, came_by=record.kind.value, by=record.by)
    if record.kind in (KeyEvent.ROTATED, KeyEvent.REPLACED):
        times[in_use] = replace(
            times[in_use], until_utc_ms=record.at_utc_ms, until_reached=record.reached
        )
        came = replace(
            came,
            since_utc_ms=record.at_utc_ms,
            since_reached=record.reached,
            signed_in=record.kind is KeyEvent.ROTATED,
        )
    for key in record.found:
        times[key_id_of(key)] = KeyTime(
            public_key=key,
            came_by="found",
            by="",
            until_utc_ms=record.at_utc_ms,
            until_reached=record.reached,
        )
    times[record.key_id] = came


def _revoked(time: KeyTime, record: KeyRecord) -> KeyTime:
    """Apply a revocation; a second one can only extend it."""
    before, now = time.revoked_from_utc_ms, record.from_utc_ms
    if before is not None and (now is None or now >= before):
        return time
    return replace(time, revoked_from_utc_ms=now, revoked_by=record.by, revoked_why=record.reason)

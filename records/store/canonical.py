"""The canonical bytes of samples and events, from which the chain is computed.

They do not depend on how a record is stored, so links stay valid when blocks are packed again. All
numbers are big-endian.

Sample, 13 bytes: taken_at ms u32, target i16, force 1 i16, force 2 i16 (0x8000 = none; 0.1 N),
phase u8, flags u16.

Event, 23 bytes and the text: sequence u32, ms u32, UTC ms i64, kind u16, version u8, length u32,
then ``length`` bytes of JSON in UTF-8 (keys sorted by code point, no spaces, no floats).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from controller.errors import JournalCorrupt, JournalError
from controller.event_details.codec import VERSION, DetailUnreadable, decode_fields
from controller.events import EventKind, JsonValue, Sample

if TYPE_CHECKING:
    from controller.event_details.table import EventDetail

T = TypeVar("T", bound="EventDetail")

ABSENT_DN = -0x8000
"""The stored force of a sample that has none."""

SAMPLE_SIZE = 13
SAMPLE_DTYPE = np.dtype(
    [
        ("taken_at_ms", ">u4"),
        ("target_dn", ">i2"),
        ("force_1_dn", ">i2"),
        ("force_2_dn", ">i2"),
        ("phase", "u1"),
        ("flags", ">u2"),
    ]
)

SampleArray = NDArray[np.void]

_SAMPLE = struct.Struct(">IhhhBH")
_EVENT_HEAD = struct.Struct(">IIqHBI")
_LARGEST_DN = 0x7FFF
_LARGEST_MS = 0xFFFF_FFFF


class EventRow(NamedTuple):
    """An event as it is stored: every column is part of the canonical form."""

    sequence: int
    at_ms: int
    utc_ms: int
    kind: int
    version: int
    detail_json: str

    def canonical(self) -> bytes:
        """Returns the event's canonical bytes.

        Struct.error when a number does not fit its field.
        """
        text = self.detail_json.encode()
        head = _EVENT_HEAD.pack(
            self.sequence, self.at_ms, self.utc_ms, self.kind, self.version, len(text)
        )
        return head + text


def event_from_canonical(data: bytes, offset: int) -> tuple[EventRow, int]:
    """Returns the event whose canonical bytes begin at ``offset``, and where the next one begins.

    Raises struct.error or ValueError when there is no whole event.
    """
    sequence, at_ms, utc_ms, kind, version, length = _EVENT_HEAD.unpack_from(data, offset)
    start = offset + _EVENT_HEAD.size
    if start + length > len(data):
        raise ValueError(f"event {sequence} is cut")
    row = EventRow(
        sequence=sequence,
        at_ms=at_ms,
        utc_ms=utc_ms,
        kind=kind,
        version=version,
        detail_json=data[start : start + length].decode(),
    )
    return row, start + length


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as readers get it from the journal."""

    sequence: int
    at_ms: int
    utc_ms: int
    kind: EventKind
    version: int
    detail: Mapping[str, JsonValue]
    _read: dict[type, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Cached: the readers of one visit read the same events repeatedly."""

    def said(self, as_class: type[T]) -> T:
        """Returns its content, as the class of its kind.

        Raises JournalCorrupt, with the event and the key, for an invalid detail.
        """
        if as_class not in self._read:
            self._read[as_class] = self._decoded(as_class)
        said: T = self._read[as_class]
        return said

    def _decoded(self, as_class: type[T]) -> T:
        if self.kind != as_class.KIND or self.version != VERSION:
            raise JournalCorrupt(
                f"{self._name} has version {self.version} and is read as {as_class.__name__}; "
                "open the record with the program that wrote it"
            )
        try:
            return decode_fields(as_class, self.detail)
        except DetailUnreadable as error:
            raise JournalCorrupt(
                f"{self._name} cannot be read ({error}): it was altered or damaged; "
                "`traction verify --all` says where"
            ) from error

    @property
    def _name(self) -> str:
        return f"event {self.sequence} ({self.kind.name.lower()})"


def sample_bytes(sample: Sample) -> bytes:
    """Returns the canonical bytes of a sample.

    A force beyond +-3276.7 N is stored as that bound and a time before the session as 0: a broken
    sensor must not be able to break the journal.
    """
    return _SAMPLE.pack(
        min(max(sample.taken_at_ms, 0), _LARGEST_MS),
        _stored_force_dn(sample.target_dn),
        _stored_force_dn(sample.force_1_dn),
        _stored_force_dn(sample.force_2_dn),
        sample.phase,
        int(sample.flags),
    )


def samples_from_bytes(data: bytes) -> SampleArray:
    """Returns the samples of ``data`` as a structured array (a read-only view of its bytes)."""
    return np.frombuffer(data, dtype=SAMPLE_DTYPE)


def canonical_json(detail: Mapping[str, JsonValue]) -> str:
    """Returns the canonical text of a detail.

    Raises JournalError for anything but JSON without floats.
    """
    _refuse_floats(detail, "detail")
    try:
        text = json.dumps(detail, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        text.encode()
    except (TypeError, UnicodeEncodeError) as error:
        raise JournalError(f"an event's detail is not JSON: {error}") from error
    return text


def _stored_force_dn(force_dn: int | None) -> int:
    if force_dn is None:
        return ABSENT_DN
    return min(max(force_dn, -_LARGEST_DN), _LARGEST_DN)


def _refuse_floats(value: object, where: str) -> None:
    if isinstance(value, float):
        raise JournalError(
            f"{where}={value!r} of an event is a float; record integers with the unit in the name"
        )
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise JournalError(f"{where} of an event has the key {key!r}, which is not a text")
            _refuse_floats(item, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _refuse_floats(item, f"{where}[{index}]")

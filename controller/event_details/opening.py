"""The content of a session's first event: the journal's part and the workstation's.

``docs/reference/events.md`` describes the same. Times are milliseconds, forces tenths of a newton
(``_dn``), mass tenths of a kilogram (``_hg``).
"""

# No string annotations: the codec would compile each of them in every process.
from dataclasses import dataclass
from typing import Annotated, ClassVar

from controller.event_details.codec import DetailUnreadable, Stored
from controller.events import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedKey:
    """The session's key and the workstation's signature of it, both in hex."""

    public_key: str
    certificate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPrescription:
    """The order in integers, with its planned times.

    ``table`` is None where none was declared, and in older records; steps and planned times only
    there.
    """

    region: str
    mode: str
    hold_force_dn: int
    rest_force_dn: int
    force_limit_dn: int
    hold_ms: int
    rest_ms: int
    table: str | None = None
    treatment_ms: int
    ramp_up_dn_per_s: int
    ramp_down_dn_per_s: int
    pretension_force_dn: int
    pretension_ms: int
    body_mass_hg: int | None
    progressive_steps: Annotated[int | None, Stored.UNLESS_NONE] = None
    regressive_steps: Annotated[int | None, Stored.UNLESS_NONE] = None
    step_ms: Annotated[int | None, Stored.UNLESS_NONE] = None
    traction_ms: Annotated[int | None, Stored.UNLESS_NONE] = None
    total_ms: Annotated[int | None, Stored.UNLESS_NONE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedProfile:
    """The device profile that was used; ``digest`` is the SHA-256 of its file (hex)."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedIdentity:
    """The unit's identity as reported; dates as the unit writes them."""

    model: str
    serial_number: int
    firmware: str
    firmware_crc: int
    calibrated_on: str
    calibration_due: str
    boot_count: Annotated[int | None, Stored.UNLESS_NONE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedObservation:
    """An observed session: people's entries about instrument and table, which cannot be read.

    ``serial`` and ``calibrated`` belong to the instrument with its cell, ``table`` is the table
    beside it, ``set_by`` the person who set that table's force. ``period_ms`` is the interval
    between reads. ``simulated``: the program simulated table and instrument.
    """

    serial: str
    calibrated: str
    table: str
    set_by: str
    period_ms: int
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningOfRecord:
    """The journal's part of an opening: the session's row, and the keys that sign it.

    ``signing_key`` is None in records from before signing, ``session_key`` in those from before
    session keys.
    """

    session_id: str
    unit_id: str
    started_utc_ms: int
    utc_offset_min: int
    signing_key: Annotated[str | None, Stored.UNLESS_NONE] = None
    session_key: Annotated[RecordedKey | None, Stored.UNLESS_NONE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningOfSession:
    """The workstation's part of an opening: the patient, the order and the unit.

    The blocks are the unit's registers as wire bytes in hex. An observed session has an
    ``observation`` and neither blocks nor identity: its instrument does not identify itself.
    """

    uri: str
    program: str
    patient_key: str
    order_digest: str
    prescription: RecordedPrescription
    profile: RecordedProfile
    identity_block: Annotated[str | None, Stored.UNLESS_NONE] = None
    capability_block: Annotated[str | None, Stored.UNLESS_NONE] = None
    identity: Annotated[RecordedIdentity | None, Stored.UNLESS_NONE] = None
    observation: Annotated[RecordedObservation | None, Stored.UNLESS_NONE] = None

    def __post_init__(self) -> None:
        driven = (self.identity_block, self.capability_block, self.identity)
        names = ("identity_block", "capability_block", "identity")
        for name, value in zip(names, driven, strict=True):
            if self.observation is None and value is None:
                raise DetailUnreadable(f"detail has no {name!r}")
            if self.observation is not None and value is not None:
                raise DetailUnreadable(f"detail has {name!r} and 'observation'")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted:
    """The session is opened; always event 0."""

    KIND: ClassVar = EventKind.SESSION_STARTED
    record: Annotated[OpeningOfRecord, Stored.IN_PARTS]
    session: Annotated[OpeningOfSession, Stored.IN_PARTS]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningAsFound:
    """The parts of an opening that others refer to, unchecked, for checks of an altered record.

    Each may be any JSON value; None if missing.
    """

    session_id: object = None
    unit_id: object = None
    started_utc_ms: object = None
    utc_offset_min: object = None
    signing_key: object = None
    order_digest: object = None
    patient_key: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningKey:
    """The session's key alone, which is needed before the record is checked."""

    session_key: RecordedKey

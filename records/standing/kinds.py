"""The six kinds of standing records, as they are written, imported and exported.

Each is one frozen value. The program never fills anything in them, and nothing in them starts
anything: they propose, they narrow, and they refuse.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar, Literal, TypeAlias
from unicodedata import normalize

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from controller.errors import PrescriptionInvalid, RequestRefused, TractionError
from controller.order.prescription import Region
from controller.words import NAME_CHARACTERS, TEXT_CHARACTERS
from records.checked_data import CheckedData, known_zone, toml_document
from records.claim.context import (
    Address,
    Authorization,
    OtherPayer,
    Party,
    Payer,
    PlanOfCare,
    RelatedCause,
    Relationship,
    Role,
    Technique,
    ThresholdCheck,
)
from records.claim.values import Blank, Money, OptionalBool, OptionalDate, OptionalText
from records.order.order import DIAGNOSIS, Order
from records.order.order_file import parse_order
from records.order.quantities import force_n
from records.standing.account_entries import ACCOUNT, SCRIPT

CLINIC = "clinic"
"""Name of the one record of the clinic."""
MOST_FLAGS = 50
MOST_RETENTION_YEARS = 100
ON_FILE = object()
"""Context of a record that was checked when it was written: a limit that was narrowed since must
not make it unreadable, because its order is judged again each time.
"""
MASS_IN_A_CHECK = 'body_mass = "75 kg"\n'
"""Used for the patient's mass where a preset orders % of the body weight: only the form of such a
preset is checked; its forces are judged when an order is made of it.
"""


def _trimmed(text: str) -> str:
    if text != " ".join(text.split()):
        raise ValueError("has blanks at an end or two in a row; leave them out")
    return text


def _code(text: str) -> str:
    if not DIAGNOSIS.fullmatch(text):
        raise ValueError('does not have the shape of an ICD-10-CM code; write it as in "A00.0"')
    return text


def _force(text: str) -> str:
    try:
        force_n("force", text, None)
    except PrescriptionInvalid as error:
        raise ValueError(error.message.removeprefix(f'force="{text}"').lstrip(": ")) from error
    return text


CallName = Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS), AfterValidator(_trimmed)]
"""Name of a record; it never changes."""
Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS)]
Words = Annotated[str, Field(max_length=TEXT_CHARACTERS)]
SomeWords = Annotated[str, Field(min_length=1, max_length=TEXT_CHARACTERS)]
Force = Annotated[str, Field(max_length=NAME_CHARACTERS), AfterValidator(_force)]
"""A force as people write it, "100 N" or "23 lbf"; not a share of the body weight."""
RegionName = Literal["cervical", "lumbar"]
ForceUnit = Literal["lbf", "kgf", "N"]
Npi = Annotated[Annotated[str, Field(pattern=r"^\d{10}$")] | None, Blank]
Diagnosis = Annotated[str, AfterValidator(_code)]


class TractionLine(CheckedData):
    """The values of the clinic's line of 97012 at every visit."""

    charge: Money = None
    pos: Annotated[Annotated[str, Field(pattern=r"^\d{2}$")] | None, Blank] = None
    """Place of service."""
    technique: Annotated[Technique | None, Blank] = None


class ClinicRecord(CheckedData):
    """The clinic. There is one; ``billing`` is given only if another party bills for it."""

    called: ClassVar[str] = ""

    name: Name
    address: Address | None = None
    phone: OptionalText = None
    npi: Npi = None
    tin: OptionalText = None
    tin_kind: Annotated[Literal["EI", "SY"] | None, Blank] = None
    taxonomy: OptionalText = None
    time_zone: Annotated[str, Field(max_length=NAME_CHARACTERS)] = ""
    """IANA name; empty: that of the settings."""
    force_unit: ForceUnit | None = None
    retention_years: Annotated[int, Field(ge=0, le=MOST_RETENTION_YEARS)] | None = None
    """Whole years that a session is kept; 0: nothing is ever removed. None: as in the settings."""
    payers: tuple[CallName, ...] = ()
    """Names of the payer profiles in use."""
    fee_table: Words = ""
    """Path of the clinic's fee table."""
    billing: Party | None = None
    traction_line: TractionLine | None = None
    submitter_id: OptionalText = None
    receiver_id: OptionalText = None
    training: bool = False
    """An invented clinic: its records accept invented patients and simulated units only."""

    @field_validator("time_zone")
    @classmethod
    def _zone_is_known(cls, name: str) -> str:
        return known_zone(name)

    @property
    def bills(self) -> Party:
        """Returns the billing party of a claim: ``billing``, else the clinic itself."""
        return self.billing or Party.model_validate(
            {
                "last_name": self.name,
                "address": self.address,
                "phone": self.phone,
                "npi": self.npi,
                "tin": self.tin,
                "tin_kind": self.tin_kind,
                "taxonomy": self.taxonomy,
            }
        )


class PersonRecord(CheckedData):
    """A staff member, named by initials."""

    called: ClassVar[str] = "initials"

    initials: CallName
    last_name: Name
    first_name: Name
    credentials: OptionalText = None
    role: Annotated[Role | None, Blank] = None
    npi: Npi = None
    taxonomy: OptionalText = None
    in_use: bool = True

    @property
    def full_name(self) -> str:
        """Returns the name as in a note."""
        return f"{self.first_name} {self.last_name}"


AccountRole = Literal["therapist", "assistant", "aide", "biller", "engineer", "administrator"]
"""The role of an account (records/accounts/rights.py lists each role's rights)."""


class AccountRecord(CheckedData):
    """Who may sign in. ``person`` are the initials of somebody on file; a script has none.

    The PIN is not part of it (records/accounts/sign_in_file.py).
    """

    called: ClassVar[str] = "account"

    account: CallName
    person: Annotated[CallName | None, Blank] = None
    roles: Annotated[tuple[AccountRole | Literal["script"], ...], Field(min_length=1, max_length=6)]
    in_use: bool = True

    @model_validator(mode="after")
    def _is_a_person_s_or_a_script_s(self) -> AccountRecord:
        if len(set(self.roles)) != len(self.roles):
            raise ValueError("roles has one twice; leave it out")
        if SCRIPT in self.roles and (len(self.roles) > 1 or self.person is not None):
            raise ValueError('roles has "script": it is the only role, and no person has it')
        if SCRIPT not in self.roles and self.person is None:
            raise ValueError("person is missing; give the initials of somebody on file")
        return self


class CommissioningStatement(CheckedData):
    """A named person's statement of what was tested on a unit, and when."""

    on: date
    by: Name
    what: SomeWords


class UnitRecord(CheckedData):
    """A table by the clinic's name. ``unit_id`` is what the unit must report."""

    called: ClassVar[str] = "name"

    name: CallName
    address: Name
    """As given to ``traction run``."""
    unit_id: Annotated[Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None, Blank] = None
    serial_number: Annotated[int, Field(ge=0)] | None = None
    regions: Annotated[tuple[RegionName, ...], Field(max_length=2)] = ()
    """Regions that are treated on it; empty: all that it supports."""
    profile: OptionalText = None
    force_limit: Force | None = None
    """The most that the clinic orders on it; it only narrows the unit's own limit."""
    commissioned: Annotated[tuple[CommissioningStatement, ...], Field(max_length=100)] = ()
    manual_release: Annotated[SomeWords | None, Blank] = None
    """How to free a patient on this table by hand, in the clinic's own words."""
    in_use: bool = True

    def treats(self, region: str) -> bool:
        """Returns whether the clinic treats the region on it."""
        return not self.regions or region in self.regions

    @property
    def force_limit_n(self) -> float | None:
        """Returns the same in newtons."""
        return None if self.force_limit is None else force_n("force_limit", self.force_limit, None)


class PresetDose(CheckedData):
    """The dose of an order, with the keys of the order file (order-file.md)."""

    mode: str
    hold_force: str
    treatment_time: str
    rest_force: str | None = None
    hold_time: str | None = None
    rest_time: str | None = None
    ramp_up: str | None = None
    ramp_down: str | None = None
    pretension_force: str | None = None
    pretension_time: str | None = None
    maximum_force: str | None = None
    progressive_steps: int | None = None
    regressive_steps: int | None = None
    step_time: str | None = None
    table: str | None = None


class PresetRecord(CheckedData):
    """A protocol of the clinic. It proposes an order, which a person checks and runs.

    ``limits`` are the protocol's own text; its number is the dose's ``maximum_force``.
    """

    called: ClassVar[str] = "name"

    name: CallName
    region: RegionName
    source: SomeWords
    """The source of the protocol: a publication, a manual, or who decided it."""
    limits: Words = ""
    dose: PresetDose
    in_use: bool = True

    @model_validator(mode="after")
    def _dose_is_an_order(self, info: ValidationInfo) -> PresetRecord:
        if info.context is ON_FILE:
            return self
        try:
            self.order()
        except TractionError as error:
            raise ValueError(error.message) from error
        return self

    @property
    def orders_shares(self) -> bool:
        """Returns True for a dose in shares of a body weight that is not known yet."""
        return any("%" in str(value) for value in self.dose.model_dump().values())

    def order(self) -> Order:
        """Returns the order that it would make, with an assumed body weight for shares of it.

        Raises PrescriptionInvalid.
        """
        dose = self.dose.model_dump(exclude_none=True)
        text = toml_document({"region": self.region, **dose})
        return parse_order(
            (MASS_IN_A_CHECK if self.orders_shares else "") + text, f"of preset {self.name}"
        )


class FlagEnd(CheckedData):
    """Who ended a flag, when and why."""

    by: Name
    on: date
    reason: SomeWords


class LastingFlag(CheckedData):
    """What must be shown at every visit of a patient until a named person ends it with a reason."""

    kind: Name
    """For instance osteoporosis, anticoagulants, pregnancy, "hold, ask physician"."""
    text: SomeWords
    region: Annotated[RegionName | None, Blank] = None
    """None: every region."""
    do_not_treat: bool = False
    by: Name
    on: date
    until: OptionalDate = None
    """Last day on which it applies; None: until it is ended."""
    ended: FlagEnd | None = None

    @model_validator(mode="after")
    def _runs_forward(self) -> LastingFlag:
        if self.until is not None and self.until < self.on:
            raise ValueError(f"until={self.until} is before on={self.on}")
        return self

    def stands_on(self, day: date) -> bool:
        """Returns True on every day on which it must be shown."""
        return self.ended is None and (self.until is None or day <= self.until)

    def concerns(self, region: Region) -> bool:
        """Returns True for a flag of this region, or of every one."""
        return self.region in (None, region.value)

    @property
    def words(self) -> str:
        """Returns the flag for people."""
        where = f" ({self.region})" if self.region else ""
        what = f"{'DO NOT TREAT, ' if self.do_not_treat else ''}{self.kind}{where}: {self.text}"
        until = f", until {self.until}" if self.until else ""
        said = f"{what}; {self.by} on {self.on}{until}"
        if self.ended is None:
            return said
        return f"{said}; ended by {self.ended.by} on {self.ended.on}: {self.ended.reason}"


class ForceCaps(CheckedData):
    """The most that may be ordered for a patient, by region; it only narrows."""

    cervical: Force | None = None
    lumbar: Force | None = None

    def limit_n(self, region: Region) -> float | None:
        """Returns it in newtons; None where none was given."""
        text: str | None = getattr(self, region.value)
        return None if text is None else force_n(f"force_cap.{region.value}", text, None)


class PatientRecord(CheckedData):
    """A patient as known to the clinic, named by the reference in orders."""

    called: ClassVar[str] = "reference"

    reference: CallName
    last_name: Name
    first_name: Name
    middle_name: OptionalText = None
    birth_date: date
    sex: Annotated[Literal["F", "M", "U"] | None, Blank] = None
    address: Address | None = None
    phone: OptionalText = None
    payer: Payer | None = None
    member_id: OptionalText = None
    group_number: OptionalText = None
    patient_relationship: Relationship = None
    subscriber: Party | None = None
    other_payer: OtherPayer | None = None
    authorization: Authorization | None = None
    diagnoses: Annotated[tuple[Diagnosis, ...], Field(max_length=12)] = ()
    plan: PlanOfCare | None = None
    referring: Party | None = None
    onset_date: OptionalDate = None
    initial_treatment_date: OptionalDate = None
    prior_auth_required: OptionalBool = None
    accept_assignment: OptionalBool = None
    benefits_assigned: OptionalBool = None
    release_of_information: OptionalBool = None
    related_causes: Annotated[tuple[RelatedCause, ...], Field(max_length=3)] = ()
    other_insurance_first: OptionalBool = None
    threshold_check: ThresholdCheck | None = None
    harness: Words = ""
    """The last one used; proposed, never filled in."""
    positioning: Words = ""
    force_cap: ForceCaps | None = None
    flags: Annotated[tuple[LastingFlag, ...], Field(max_length=MOST_FLAGS)] = ()
    in_use: bool = True

    @property
    def full_name(self) -> str:
        """Returns the name with the family name first, as in lists."""
        names = " ".join(filter(None, (self.first_name, self.middle_name)))
        return f"{self.last_name}, {names}"

    def standing_flags(self, day: date) -> tuple[tuple[int, LastingFlag], ...]:
        """Returns the flags that must be shown on a day, with their numbers, counted from 1."""
        return tuple(
            (number, flag) for number, flag in enumerate(self.flags, start=1) if flag.stands_on(day)
        )


StandingRecord: TypeAlias = (
    ClinicRecord | PersonRecord | UnitRecord | PresetRecord | PatientRecord | AccountRecord
)
KINDS: dict[str, type[StandingRecord]] = {
    "clinic": ClinicRecord,
    "person": PersonRecord,
    "unit": UnitRecord,
    "preset": PresetRecord,
    "patient": PatientRecord,
    ACCOUNT: AccountRecord,
}
"""Name of each kind in an entry."""
TABLES = {
    "clinic": "clinic",
    "person": "people",
    "unit": "units",
    "preset": "presets",
    "patient": "patients",
    ACCOUNT: "accounts",
}
"""The name of each kind in files and commands."""


def kind_of(record: StandingRecord) -> str:
    """Returns its name in an entry."""
    return next(kind for kind, model in KINDS.items() if type(record) is model)


def name_of(record: StandingRecord) -> str:
    """Returns the record's name."""
    return str(getattr(record, record.called)) if record.called else CLINIC


def folded(name: str) -> str:
    """Returns a form in which names that are easily confused are equal."""
    return " ".join(normalize("NFKC", name).split()).casefold()


def require_name(kind: str, record: StandingRecord, name: str) -> None:
    """Require a valid name, which never changes; raises RequestRefused."""
    if name_of(record) != name:
        raise RequestRefused(
            f"{kind} {name}: {record.called}={name_of(record)!r} would be another {kind}; its "
            f"{record.called} never changes. Say in_use=false of this one and add another"
        )

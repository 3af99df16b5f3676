"""ClaimContext: what the practice's system knows of a claim and no device can know.

It is imported, never assumed: a value that is not in the file stays None, and whatever needs it
reports it by name. The practice's system remains its source; the note is not part of it.
"""

# No string annotations: pydantic would compile each of them when the program is loaded.
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from records.checked_data import CheckedData
from records.claim.values import (
    TEXT_LIMIT,
    Blank,
    Count,
    Difference,
    Money,
    OptionalBool,
    OptionalDate,
    OptionalText,
    Seconds,
    StateCode,
    Text,
    Time,
    Visible,
)
from records.provenance import Origin, Sourced

TRACTION_CPT = "97012"
OF_THE_SESSION = "the session's record, order and note"
"""Source of a claim for which the practice's system gave no file."""

PayerKind = Literal[
    "medicare_b",
    "medicare_advantage",
    "medicaid",
    "commercial",
    "workers_comp",
    "va",
    "auto",
    "self_pay",
]
Form = Literal["837P", "CMS1500", "837I", "UB04"]
Discipline = Literal["GP", "GO", "GN"]
Role = Literal["PT", "PTA", "OT", "OTA", "DC", "MD", "ATC", "aide"]
ASSISTANT_ROLES: Final = ("PTA", "OTA")
"""Roles whose time on a line decides about CQ and CO."""
Technique = Literal[
    "mechanical", "axial_decompression", "manual", "roller_table", "y_strap", "inversion_self"
]
Frequency = Literal["original", "corrected", "void"]
Relationship = Annotated[Literal["self", "spouse", "child", "other"] | None, Blank]
InsuranceType = Literal["12", "13", "14", "15", "16", "41", "42", "43", "47"]
"""SBR05: why Medicare pays second."""
AdjustmentGroup = Literal["CO", "CR", "OA", "PI", "PR"]
RelatedCause = Literal["none", "employment", "auto", "other"]
BodyRegion = Literal[
    "cervical", "thoracic", "lumbar", "sacral", "upper_extremity", "lower_extremity", "other"
]


class Address(CheckedData):
    """``zip`` as in the payer's file; the claim forms need nine digits."""

    line_1: Text = ""
    line_2: Text = ""
    city: Text = ""
    state: StateCode = None
    zip: Annotated[Annotated[str, Field(pattern=r"^\d{5}(-?\d{4})?$")] | None, Blank] = None

    @property
    def zip_digits(self) -> str:
        """Returns the ZIP without its dash; "" when there is none."""
        return (self.zip or "").replace("-", "")


class Party(CheckedData):
    """A party of the claim: a person (``first_name`` given) or an organization."""

    last_name: Text = ""
    """Family name, or the organization's name."""
    first_name: OptionalText = None
    middle_name: OptionalText = None
    credentials: OptionalText = None
    address: Address | None = None
    phone: OptionalText = None
    birth_date: OptionalDate = None
    sex: Annotated[Literal["F", "M", "U"] | None, Blank] = None
    member_id: OptionalText = None
    group_number: OptionalText = None
    npi: Annotated[Annotated[str, Field(max_length=20)] | None, Blank] = None
    """As it was imported; T-068 checks its check digit."""
    tin: Annotated[
        Annotated[str, Field(pattern=r"^\d{2}-?\d{7}$|^\d{3}-?\d{2}-?\d{4}$")] | None, Blank
    ] = None
    tin_kind: Annotated[Literal["EI", "SY"] | None, Blank] = None
    """EI: employer's number; SY: social security number."""
    taxonomy: Annotated[Annotated[str, Field(pattern=r"^[0-9A-Z]{9}X$")] | None, Blank] = None

    @property
    def is_person(self) -> bool:
        """Returns whether it is a person, not an organisation."""
        return self.first_name is not None


class Payer(CheckedData):
    """``profile`` names the payer profile whose rules apply."""

    name: Text = ""
    payer_id: OptionalText = None
    kind: PayerKind
    profile: str
    address: Address | None = None


class ClaimAdjustment(CheckedData):
    """What a payer took off a charge, according to its remittance (CAS)."""

    group: AdjustmentGroup
    reason: Annotated[str, Field(pattern=r"^[0-9A-Z]{1,5}$")]
    amount: Difference


ClaimAdjustments = Annotated[tuple[ClaimAdjustment, ...], Field(max_length=30)]


class Adjudication(CheckedData):
    """The decision of the previous payer on the whole claim."""

    decided_on: OptionalDate = None
    """Day of the remittance or of its payment."""
    paid: Money = None
    adjustments: ClaimAdjustments = ()
    """Those of the claim as a whole; those of a service are at its line."""
    patient_liability: Money = None


class LineAdjudication(CheckedData):
    """The previous payer's decision on one service; code, modifiers and units are those it paid."""

    cpt: OptionalText = None
    modifiers: Annotated[tuple[str, ...], Field(max_length=12)] = ()
    units: Count = None
    paid: Money = None
    adjustments: ClaimAdjustments = ()
    patient_liability: Money = None


class OtherPayer(Payer):
    """The second payer of the patient; ``other_insurance_first`` says which one pays first."""

    insured: Party | None = None
    """Whose policy it is; for the patient's own its numbers are enough."""
    patient_relationship: Relationship = None
    insurance_type: Annotated[InsuranceType | None, Blank] = None
    medigap: OptionalBool = None
    """Whether it is a Medigap policy whose benefits the patient assigned to the practice."""
    adjudication: Adjudication | None = None
    """Its answer, where it paid first."""


def _only_one(value: Any) -> Any:
    if isinstance(value, list | tuple):
        raise ValueError("a claim names a second payer and no third: write one table [other_payer]")
    return value


class PlanOfCare(CheckedData):
    """Dates and statements of the plan; the plan itself stays in the practice's system."""

    established: OptionalDate = None
    discipline: Annotated[Discipline | None, Blank] = None
    includes_traction: OptionalBool = None
    certified_on: OptionalDate = None
    signed_order_on_file: OptionalBool = None
    sent_to_referrer_on: OptionalDate = None
    cert_through: OptionalDate = None
    treatment_days_since_progress_report: Count = None


class ThresholdCheck(CheckedData):
    """What the payer told a named person about the year's therapy amount, if that is unknown."""

    checked_on: date
    by: Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT), Visible]
    result: Literal["below", "above"]
    """The side of the therapy threshold on which the patient's year is."""


class Authorization(CheckedData):
    """A prior authorization as the payer granted it."""

    number: Text = ""
    visits_allowed: Count = None
    visits_used: Count = None
    valid_from: OptionalDate = None
    valid_to: OptionalDate = None
    cpt_codes: tuple[str, ...] = ()


class ServiceLine(CheckedData):
    """One service. Modifiers, units and pointers as given: rules judge them, not this type."""

    cpt: Annotated[str, Field(min_length=1, max_length=10)]
    modifiers: Annotated[tuple[str, ...], Field(max_length=12)] = ()
    units: Annotated[int, Field(ge=0, le=10_000)] = 1
    unit_of_measure: Annotated[str, Field(max_length=5)] = "UN"
    charge: Money = None
    dx_pointers: Annotated[tuple[int, ...], Field(max_length=12)] = ()
    """Numbers of ``diagnoses``, counted from 1."""
    pos: Annotated[Annotated[str, Field(pattern=r"^\d{2}$")] | None, Blank] = None
    started_at: Time = None
    ended_at: Time = None
    minutes: Count = None
    performed_by_role: Annotated[Role | None, Blank] = None
    assistant_min: Count = None
    """Minutes that an assistant did alone."""
    body_region: Annotated[BodyRegion | None, Blank] = None
    technique: Annotated[Technique | None, Blank] = None
    rendering_npi: Annotated[Annotated[str, Field(max_length=20)] | None, Blank] = None
    """None: the claim's rendering provider."""
    adjudication: LineAdjudication | None = None
    """The answer of the previous payer, for this service."""


class DeviceStatement(CheckedData):
    """What people know of the device and its log does not contain."""

    udi_di: OptionalText = None
    clock_offset_s: Seconds = None
    """Error of the workstation's clock at its last comparison; None: it was not compared."""


class ClaimContext(CheckedData):
    """One claim. Everything optional stays None until the practice's system gives it."""

    claim_id: Annotated[str, Field(min_length=1, max_length=38)]
    payer: Payer
    form: Form
    date_of_service: date
    patient_ref: OptionalText = None
    diagnoses: Annotated[tuple[str, ...], Field(max_length=12)] = ()
    lines: Annotated[tuple[ServiceLine, ...], Field(min_length=1, max_length=50)]
    other_lines_same_day: Annotated[tuple[ServiceLine, ...], Field(max_length=100)] = ()
    """Services of the same patient and day that are billed elsewhere."""

    patient: Party | None = None
    subscriber: Party | None = None
    """None: the patient."""
    patient_relationship: Relationship = None
    billing: Party | None = None
    rendering: Party | None = None
    referring: Party | None = None
    """Who certified the plan (box 17, NM1*DN)."""
    service_facility: Party | None = None
    submitter_id: OptionalText = None
    receiver_id: OptionalText = None

    plan: PlanOfCare | None = None
    onset_date: OptionalDate = None
    initial_treatment_date: OptionalDate = None
    authorization: Authorization | None = None
    prior_auth_required: OptionalBool = None
    referral_number: OptionalText = None
    therapy_ytd_allowed: Money = None
    """Allowed therapy amounts of the year before this day, for the discipline of the plan."""
    threshold_check: ThresholdCheck | None = None
    """Instead of the amount: the payer said on which side of the threshold the year is."""
    visits_97012_this_episode: Count = None
    """Visits with traction in this episode, this one included."""
    abn_on_file: OptionalBool = None
    voluntary_abn_on_file: OptionalBool = None
    accept_assignment: OptionalBool = None
    benefits_assigned: OptionalBool = None
    release_of_information: OptionalBool = None

    frequency: Annotated[Frequency | None, Blank] = None
    """None: an original claim."""
    payer_claim_number: OptionalText = None
    """The payer's number of the claim that a corrected or void one replaces (box 22, REF*F8)."""
    related_causes: Annotated[tuple[RelatedCause, ...], Field(max_length=3)] = ()
    """Accident or employment (box 10); empty: not known."""
    accident_date: OptionalDate = None
    accident_state: StateCode = None
    casualty_claim_number: OptionalText = None
    """The payer's number of an accident, of workers' compensation or auto (box 11b, REF*Y4)."""
    other_insurance_first: OptionalBool = None
    """Whether another insurance pays before this payer (SBR01; box 11 of Medicare)."""
    other_payer: Annotated[OtherPayer | None, BeforeValidator(_only_one)] = None
    """The second payer; a claim names no third."""
    device: DeviceStatement | None = None

    source: Text = ""
    """Name of the file that it was read from; set by the reader."""
    source_digest: Text = ""
    """SHA-256 of that file's text (hex); set by the reader."""

    @model_validator(mode="after")
    def _times_run_forward(self) -> Self:
        for line in self.all_lines:
            if line.started_at and line.ended_at and line.ended_at < line.started_at:
                raise ValueError(f"line {line.cpt}: ended_at is before started_at")
        return self

    @model_validator(mode="after")
    def _one_word_on_the_threshold(self) -> Self:
        if self.therapy_ytd_allowed is not None and self.threshold_check is not None:
            raise ValueError("therapy_ytd_allowed and threshold_check stand both; keep one")
        return self

    @model_validator(mode="after")
    def _no_cause_beside_none(self) -> Self:
        if "none" in self.related_causes and len(self.related_causes) > 1:
            raise ValueError("related_causes: none stands alone")
        return self

    @model_validator(mode="after")
    def _two_payers(self) -> Self:
        if self.other_payer is None:
            return self
        kinds = (self.payer.kind, self.other_payer.kind)
        if "self_pay" in kinds:
            raise ValueError(
                "self_pay does not stand beside other_payer: who pays himself is no payer"
            )
        if kinds == ("medicare_b", "medicare_b"):
            raise ValueError("other_payer and payer are both Medicare Part B; keep one")
        return self

    @property
    def is_imported(self) -> bool:
        """Returns False for what record, order and note know of a claim that was not made yet."""
        return self.source != OF_THE_SESSION

    @property
    def all_lines(self) -> tuple[ServiceLine, ...]:
        """Returns this claim's lines, then the others of the day."""
        return (*self.lines, *self.other_lines_same_day)

    def lines_of(self, cpt: str) -> Iterator[ServiceLine]:
        """Returns this claim's lines with a code."""
        return (line for line in self.lines if line.cpt == cpt)

    @property
    def traction_line(self) -> ServiceLine | None:
        """Returns the claim's first 97012 line."""
        return next(self.lines_of(TRACTION_CPT), None)

    def pointed_diagnoses(self, line: ServiceLine) -> tuple[str, ...]:
        """Returns the diagnoses that a line points to; pointers past the list point to nothing."""
        return tuple(
            self.diagnoses[pointer - 1]
            for pointer in line.dx_pointers
            if 1 <= pointer <= len(self.diagnoses)
        )

    @property
    def therapy_discipline(self) -> Discipline | None:
        """Returns GP, GO or GN when a plan says it."""
        return self.plan.discipline if self.plan else None

    def imported(self, name: str, label: str, value: str | None, unit: str = "") -> Sourced[str]:
        """Returns a value of this context as a field with its source."""
        return Sourced(
            name=name,
            label=label,
            value=value,
            origin=Origin.IMPORTED,
            unit=unit,
            digest=self.source_digest,
            method=f"from {self.source}" if self.source else "",
        )

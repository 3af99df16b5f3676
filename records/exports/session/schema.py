"""The published form of the session's JSON: strict models, and the JSON Schema made from them.

A reader may rely on every key that is defined here; a new key means a new ``format``.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from records.exports.session.json import FORMAT, VISIT_FORMAT

SCHEMA_FILE = "session.schema.json"
VISIT_SCHEMA_FILE = "visit.schema.json"
Dn = int
Ms = int
Origins = Literal["device", "prescription", "clinician", "imported", "derived"]
Severity = Literal["error", "warn", "info"]


class Part(BaseModel):
    """No unknown key, no silent change of a type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class JournalRangePart(Part):
    """First and last event or sample that a value was taken from."""

    records: str
    first: int
    last: int


class FieldPart(Part):
    """A field of the note: an open one has no value; ``not_assessed`` is a person's statement."""

    name: str
    label: str
    value: str | None
    origin: Origins
    unit: str
    journal_range: JournalRangePart | None
    digest: str
    attested_by: str
    attested_utc_ms: int | None
    source: str
    document: str
    not_assessed: bool
    method: str


class WordPart(Part):
    """A person's entry in a field."""

    value: str | None
    not_assessed: bool
    source: str
    said_by: str
    said_utc_ms: int


class VersionPart(Part):
    """A signed version of the note and what it changed."""

    number: int
    by: str
    credentials: str
    at_utc_ms: int
    reason: str
    digest: str
    changes: dict[str, WordPart]


class SignaturePart(Part):
    """Who signed the newest version."""

    signed_by: str
    credentials: str
    signed_at_utc_ms: int
    version: int


class RepetitionPart(Part):
    """A text that repeats the last visit's; the similarity in thousandths."""

    name: str
    session_id: str
    permille: int


class NotePart(Part):
    """The treatment note."""

    device: list[FieldPart]
    clinician: list[FieldPart]
    open_fields: list[str]
    status: Literal["draft", "signed", "amended"]
    signature: SignaturePart | None
    versions: list[VersionPart]
    signature_checkpoint: str | None
    proposals: list[FieldPart]
    repetitions: list[RepetitionPart]


class StopPart(Part):
    """A stop: milliseconds of the session, force in 0.1 N, time to 15 N."""

    at_ms: Ms
    cause: str
    force_dn: Dn | None
    to_15_n_ms: Ms | None
    sequence: int


class DosePart(Part):
    """The delivered dose: milliseconds and 0.1 N."""

    traction_ms: Ms
    paused_ms: Ms
    delivered_minutes: int
    hold_time_ms: Ms
    hold_samples: int
    mean_hold_force_dn: Dn | None
    peak_force_dn: Dn | None
    in_band_permille: int | None
    treatment_started_ms: Ms | None
    treatment_ended_ms: Ms | None
    stops: list[StopPart]


class EventPart(Part):
    """An event of the journal."""

    sequence: int
    at_ms: Ms
    utc_ms: int
    kind: str
    version: int
    detail: dict[str, Any]


class OrderPart(Part):
    """The order as it was written, and its SHA-256."""

    text: str
    digest: str


class ChargePart(Part):
    """The charge line, or why there is none; only with modifiers that a person added."""

    values: dict[str, str] | None
    open_fields: list[str] = Field(default=[])
    reason: str | None = None


class EvidencePart(Part):
    """A value that supports a finding, and its source."""

    name: str
    label: str
    value: str | None
    unit: str
    origin: Origins
    from_: str = Field(alias="from")
    records: list[str | int] | None
    digest: str


class FindingPart(Part):
    """A rule's finding."""

    rule: str
    severity: Severity
    field: str
    message: str
    source: str
    source_date: str
    strength: str
    from_mission: bool
    evidence: list[EvidencePart]


class OlderDataPart(Part):
    """Reference data that does not cover the day, and the day that it covers."""

    what: str
    of: str


class RulePart(Part):
    """The outcome of one rule; ``why`` it does not apply, or what is missing to judge it."""

    rule: str
    outcome: Literal["held", "failed", "not_applicable", "not_judged"]
    severity: Severity
    why: list[str]


class CountsPart(Part):
    """How many rules ended in each way."""

    held: int
    failed: int
    not_applicable: int
    not_judged: int


class OfferPart(Part):
    """A modifier or a diagnosis that a named person may accept."""

    kind: str
    value: str
    line: str
    why: str
    for_: list[str] = Field(alias="for")
    against: list[str]
    evidence: list[EvidencePart]


class AcceptedPart(Part):
    """What a named person accepted, and on what evidence."""

    what: str
    value: str
    by: str
    at_utc_ms: int
    evidence: list[str]


class ScrubPart(Part):
    """The scrub report, as ``traction scrub --json`` prints it."""

    session_id: str
    ready: bool
    simulated: bool
    verdict: str
    profile: str
    profile_title: str
    profile_date: str
    profile_source: str
    rule_set: str
    date_of_service: str
    counts: CountsPart
    older_data: list[OlderDataPart]
    rules: list[RulePart]
    findings: list[FindingPart]
    offers: list[OfferPart]
    accepted: list[AcceptedPart]
    exported: list[str]
    differs: list[str]
    conditions: list[str]
    not_checked: list[str]
    advice: str


class PlotPart(Part):
    """Force over time in bins: 0.1 N; the complete samples stay in the evidence."""

    times_ms: list[Ms]
    target_dn: list[Dn]
    lowest_dn: list[Dn]
    highest_dn: list[Dn]


class NoteOfVisit(Part):
    """The parts that belong to a note, of one session or of several."""

    warnings: list[str]
    note: NotePart
    charge: ChargePart
    claim_context: dict[str, Any] | None
    """As given by the practice's system (docs/reference/claim-context.md)."""
    scrub: ScrubPart | None


class RecordedPart(Part):
    """One session: order, evidence in short, its seal."""

    session_id: str
    unit_id: str
    started_utc_ms: int
    utc_offset_min: int
    outcome: str
    opening: dict[str, Any]
    order: OrderPart
    events: list[EventPart]
    dose: DosePart
    plot: PlotPart
    seal: str | None
    checkpoint: str | None


class SessionDocument(Part):
    """One session: order, evidence in short, note, claim and findings."""

    format: Literal["traction-session/2"]
    session_id: str
    unit_id: str
    started_utc_ms: int
    utc_offset_min: int
    outcome: str
    warnings: list[str]
    opening: dict[str, Any]
    order: OrderPart
    events: list[EventPart]
    dose: DosePart
    note: NotePart
    charge: ChargePart
    claim_context: dict[str, Any] | None
    """As given by the practice's system (docs/reference/claim-context.md)."""
    scrub: ScrubPart | None
    plot: PlotPart
    seal: str | None
    checkpoint: str | None


class SaidPart(Part):
    """Who stated that the sessions are one visit."""

    by: str
    at_utc_ms: int
    reason: str


class VisitDocument(NoteOfVisit):
    """A visit of several sessions, by their beginning, with its one note, claim and findings.

    ``session_id`` is the session that the visit is named after, and the times of ``dose`` count
    from its beginning. ``signed_sessions`` are the seals of the other ones, by version.
    """

    format: Literal["traction-visit/1"]
    session_id: str
    said: SaidPart
    sessions: list[RecordedPart]
    dose: DosePart
    signed_sessions: dict[str, dict[str, str]]


def visit_schema() -> str:
    """Returns the JSON Schema (draft 2020-12) of ``VisitDocument``, as it is shipped."""
    return _schema(VisitDocument, VISIT_FORMAT)


def session_schema() -> str:
    """Returns the JSON Schema (draft 2020-12) of ``SessionDocument``, as it is shipped."""
    return _schema(SessionDocument, FORMAT)


def _schema(document: type[Part], name: str) -> str:
    schema = document.model_json_schema(mode="validation")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:{name}"}
    return json.dumps(head | schema, indent=2, ensure_ascii=False) + "\n"

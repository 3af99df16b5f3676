"""PayerProfile: the requirements of one payer for a 97012 claim, as dated data with sources."""

# No string annotations: pydantic would compile each of them when the program is loaded.
from collections.abc import Callable
from datetime import date
from functools import cache, partial
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from controller.errors import RulesInvalid
from records.checked_data import CheckedData, checked, parse_toml, read_kept_text
from records.claim.code_sets import MODIFIER_ORDER
from records.claim.context import BodyRegion, PayerKind, Role
from records.claim.rules.findings import Severity
from records.claim.rules.rule_data import OWN_ERRORS, Strength, shipped_rules
from records.store.record_folder import RecordFolder

FIXED = frozenset(
    {*(f"T-{n:03}" for n in (79, 80, 81, 82, 83, 85, 86, 87, 88, 96, 97, 98, 100)), "N-11"}
)
"""Rules that no payer changes: without these fields an export refuses; what was not given, or shall
not be billed, is not charged; another payer's rules prove nothing; and an altered log is not
evidence.
"""
DECLARABLE = frozenset(
    {
        "device.udi_di",
        "lines.performed_by_role",
        "lines.started_at",
        "lines.technique",
        "plan",
        "plan.certified_on",
        "plan.discipline",
        "plan.established",
        "plan.includes_traction",
        "plan.treatment_days_since_progress_report",
        "prior_auth_required",
        "referring.npi",
        "rendering.taxonomy",
        "therapy_ytd_allowed",
        "total_timed_minutes",
        "total_treatment_minutes",
        "visits_97012_this_episode",
        "voluntary_abn_on_file",
    }
)
"""What a payer may do without. What every claim needs, and the log, are not among them."""


class PayerProfile(CheckedData):
    """The profile decides, not the code. None or "unknown": the payer's statement was not seen."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    title: str
    kind: PayerKind
    valid_from: date
    """The day of the policy, or the day on which the profile's sources were read."""
    valid_to: date | None = None
    source: str
    strength: Strength
    caveats: tuple[str, ...] = ()

    medicare: bool = False
    """Original Medicare's rules apply (documentation, plan of care, thresholds)."""
    pays_chiropractor_manipulation_only: bool = False
    requires_discipline_modifier: bool = False
    assistant_modifiers: bool = False
    """CQ and CO are required and reduce the payment."""
    accepts_x_modifiers: bool = False
    accepts_52: bool = False
    """A reduced service may be billed with 52, where a named person decides so."""
    modifier_order: tuple[str, ...] = MODIFIER_ORDER
    """"59" represents the X modifiers, "GP" GO and GN, "CQ" CO."""
    min_minutes: int | None = None
    covers_97012: Literal["yes", "no", "conditions", "unknown"] = "unknown"
    conditions: tuple[str, ...] = ()
    """Conditions of cover that no data of the claim can prove; shown below the findings."""
    decompression: Literal["excluded", "ask", "allowed"] = "ask"
    needs_fda_clearance: bool = False
    covered_dx: tuple[str, ...] = ()
    """Beginnings of covered codes, without dot; empty: no list is known."""
    excluded_regions: tuple[BodyRegion, ...] = ()
    roles_not_paid: tuple[Role, ...] = ()
    """Roles that may not perform a therapy service for this payer."""
    max_visits: int | None = None
    unneeded: dict[str, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)
    """What the payer does not require, with the source of that: its rule does not apply."""
    severities: dict[str, Severity | Literal["off"]] = Field(default_factory=dict)
    """Rules whose severity differs for this payer."""


def read_profile(path: Path) -> PayerProfile:
    """Returns a profile of the user's; raises RulesInvalid naming file, key and next step."""
    return parse_profile(read_kept_text(path, "payer profile", RulesInvalid), path.name)


def parse_profile(text: str, name: str) -> PayerProfile:
    """Returns a profile's text, checked; raises RulesInvalid."""
    where = f"payer profile {name}"
    profile = checked(PayerProfile, parse_toml(text, where, RulesInvalid), where, RulesInvalid)
    if profile.name != Path(name).stem:
        raise RulesInvalid(f"{where}: name={profile.name!r} is not the file's; rename one of them")
    _check_severities(profile, where)
    _check_unneeded(profile, where)
    return profile


def _check_severities(profile: PayerProfile, where: str) -> None:
    rules = {rule.id: rule for rule in shipped_rules().rule}
    for rule_id, severity in profile.severities.items():
        rule = rules.get(rule_id)
        if rule is None:
            raise RulesInvalid(f"{where}: severities.{rule_id} is not a rule; correct it")
        if rule_id in FIXED:
            raise RulesInvalid(
                f"{where}: severities.{rule_id} is required of every claim, whoever pays; remove it"
            )
        if severity == "error" and rule.strength == "own" and rule_id not in OWN_ERRORS:
            raise RulesInvalid(
                f'{where}: severities.{rule_id}="error", but the rule has no source; at most warn'
            )


def _check_unneeded(profile: PayerProfile, where: str) -> None:
    for name in profile.unneeded:
        if name not in DECLARABLE:
            raise RulesInvalid(
                f"{where}: unneeded.{name} is nothing that a payer may do without; choose of "
                f"{', '.join(sorted(DECLARABLE))}"
            )


def all_profiles(folder: RecordFolder | None = None) -> dict[str, PayerProfile]:
    """Returns shipped profiles and the user's, by name; raises RulesInvalid."""
    return {name: read() for name, read in _readers(folder).items()}


def find_profile(name: str, folder: RecordFolder | None = None) -> PayerProfile:
    """Returns a profile by its name.

    Raises RulesInvalid listing the profiles. No other one is read.
    """
    readers = _readers(folder)
    if name not in readers:
        where = f" or add {folder.payers}/{name}.toml" if folder else ""
        raise RulesInvalid(
            f"payer profile {name!r} is not known; choose one of {', '.join(readers)}{where}"
        )
    return readers[name]()


def shipped_profiles() -> dict[str, PayerProfile]:
    """Returns the profiles that come with the program, by name."""
    return all_profiles()


def _readers(folder: RecordFolder | None) -> dict[str, Callable[[], PayerProfile]]:
    """Returns the reader of each profile, by name; the user's replaces a shipped one."""
    shipped = sorted(
        file.name.removesuffix(".toml")
        for file in _shipped_folder().iterdir()
        if file.name.endswith(".toml")
    )
    own = sorted(folder.payers.glob("*.toml")) if folder else []
    return {
        **{name: partial(_shipped_profile, name) for name in shipped},
        **{path.stem: partial(read_profile, path) for path in own},
    }


@cache
def _shipped_profile(name: str) -> PayerProfile:
    file = _shipped_folder() / f"{name}.toml"
    return parse_profile(file.read_text(encoding="utf-8"), file.name)


def _shipped_folder() -> Traversable:
    return resources.files("records.claim.rules") / "payers"

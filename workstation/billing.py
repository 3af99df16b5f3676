"""Billing of a session as a Python API: scrub, estimate, accept. The commands only print it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from controller.errors import ClaimContextInvalid, RequestRefused
from records.claim.charge_line import DIAGNOSIS, MODIFIER, context_of_session, with_accepted
from records.claim.code_sets import ASSISTANTS
from records.claim.context import TRACTION_CPT, ClaimContext, Payer
from records.claim.context_file import load_context
from records.claim.estimate import Estimate, estimate
from records.claim.fees import read_fees
from records.claim.rules.code_list import installed_code_list
from records.claim.rules.facts import Facts
from records.claim.rules.offers import Offer, offers_of
from records.claim.rules.payer_profile import PayerProfile, find_profile
from records.claim.rules.predicates.diagnosis import AS_SENT, plain
from records.claim.rules.predicates.modifiers import MODIFIER as TWO_CHARACTERS
from records.claim.rules.predicates.same_day import multiple_procedure_cut
from records.claim.rules.scrubber import ScrubReport, report_of
from records.claim.rules.tables import load_tables
from records.clinic.acceptance import Acceptance, acceptances, record_acceptance
from records.evidence.integrity import verify
from records.store.author import Author
from workstation.documents import Dossier, load_dossier
from workstation.settings import Settings

GENERIC_PAYER = "commercial"
"""Profile when neither the command nor the context names one: of it nothing particular is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingView:
    """A session with its claim: what the rules see, say and offer."""

    dossier: Dossier
    context: ClaimContext
    facts: Facts
    report: ScrubReport
    offers: tuple[Offer, ...]
    accepted: tuple[Acceptance, ...]


def view_billing(
    data_dir: Path,
    session_id: str,
    settings: Settings,
    *,
    payer: str | None = None,
    context_file: Path | None = None,
) -> BillingView:
    """Scrub a session's claim; ``payer`` names a profile and wins over the context's.

    Without a context file the claim is what record, order and note know. Raises RequestRefused,
    RulesInvalid, ClaimContextInvalid or JournalError.
    """
    dossier = load_dossier(data_dir, session_id, settings)
    context, profile = claim_of(data_dir, dossier, payer=payer, context_file=context_file)
    full_id = dossier.note.session_id
    accepted = tuple(acceptances(data_dir, full_id))
    context = with_accepted(context, accepted)
    tables = load_tables(data_dir).with_code_list(installed_code_list())
    altered = bool(verify(data_dir, full_id).alterations)
    facts = Facts(dossier.note, dossier.record, context, profile, tables, log_altered=altered)
    return BillingView(
        dossier=dossier,
        context=context,
        facts=facts,
        report=report_of(facts),
        offers=offers_of(facts),
        accepted=accepted,
    )


def claim_of(
    data_dir: Path, dossier: Dossier, *, payer: str | None, context_file: Path | None
) -> tuple[ClaimContext, PayerProfile]:
    """The claim as imported, or as record, order and note know it, and its payer's profile."""
    if context_file is None:
        profile = find_profile(payer or GENERIC_PAYER, data_dir)
        known = Payer(kind=profile.kind, profile=profile.name)
        context = context_of_session(
            dossier.record, dossier.order, dossier.note, known, dossier.zone
        )
        return context, profile
    context = load_context(context_file, dossier.note.session_id)
    return context, find_profile(payer or context.payer.profile, data_dir)


def estimate_session(view: BillingView, table_file: Path | None = None) -> Estimate:
    """The estimate of a claim, cut as the claim shows; raises RequestRefused without a table."""
    table = read_fees(table_file) if table_file else view.facts.tables.fees
    if table is None:
        raise RequestRefused(
            "no fee table is loaded; give one with --table FILE or name it in tables.toml"
        )
    cut = any(True for _ in multiple_procedure_cut(view.facts))
    assistant = view.facts.medicare and bool(view.facts.modifiers & ASSISTANTS.keys())
    return estimate(table, view.context, cut_expense=cut, assistant=assistant)


def accept(
    data_dir: Path,
    view: BillingView,
    author: Author,
    *,
    modifier: str | None = None,
    diagnosis: str | None = None,
    line: str = TRACTION_CPT,
    accepted: bool = True,
) -> str:
    """Keep that ``author`` accepts (or takes back) a modifier or a diagnosis; answers its name.

    The evidence of the offer is kept with it; what was not offered is kept as such.
    """
    if (modifier is None) == (diagnosis is None):
        raise RequestRefused("say either --modifier or --diagnosis, and one of them only")
    what = MODIFIER if modifier is not None else DIAGNOSIS
    value = _modifier(modifier, line) if modifier is not None else _diagnosis(str(diagnosis))
    offered = next((offer for offer in view.offers if offer.key == value), None)
    evidence = offered.shown if offered else ("the program did not offer it",)
    record_acceptance(
        data_dir,
        session_id=view.dossier.note.session_id,
        patient_key=view.dossier.note.patient_key,
        what=what,
        value=value,
        evidence=evidence,
        author=author,
        accepted=accepted,
    )
    return value


def _modifier(modifier: str, line: str) -> str:
    if not TWO_CHARACTERS.fullmatch(modifier):
        raise RequestRefused(f"modifier={modifier!r} is not two capitals or digits; correct it")
    if len(line) != 5 or not line.isalnum():
        raise RequestRefused(f"line={line!r} is not a code of five characters; correct it")
    return f"{line}:{modifier}"


def _diagnosis(diagnosis: str) -> str:
    code = plain(diagnosis)
    if not AS_SENT.fullmatch(code):
        raise ClaimContextInvalid(
            f"diagnosis={diagnosis!r} does not have the shape of an ICD-10-CM code; correct it"
        )
    return code

"""The needs of the data sheet of the CMS-1500."""

from __future__ import annotations

from records.claim.account import LENGTH as ACCOUNT_LENGTH
from records.claim.account import account_of
from records.claim.context import ClaimContext
from records.claim.needs.every_claim import needs_of_a_sent_claim, needs_of_any_claim
from records.claim.needs.need import Need, Needs, address, keys
from records.claim.needs.other_payer import MEDICARE, needs_of_other_payer_on_paper

LINES_ON_A_FORM = 6
AT_HOME = "12"
"""Place of service: the patient's home, which is not where the practice is."""


def needs_of_cms1500(context: ClaimContext, session_id: str) -> Needs:
    """Yields everything that is missing, by name."""
    yield from needs_of_any_claim(context)
    yield from needs_of_a_sent_claim(context)
    yield from keys("form", "payer", context.payer, "name")
    if context.subscriber is not None:
        yield from address("patient", "subscriber", context.subscriber.address)
        yield from keys("patient", "", context, "patient_relationship")
    if context.referring is not None:
        yield from keys("form", "referring", context.referring, "npi")
    yield from _room(context, session_id)
    yield from needs_of_other_payer_on_paper(context)
    if context.payer.kind == MEDICARE:
        yield from _for_medicare(context)


def _room(context: ClaimContext, session_id: str) -> Needs:
    account = account_of(session_id, context.claim_id)
    if len(account) > ACCOUNT_LENGTH:
        name = f"a claim_id of at most {ACCOUNT_LENGTH} characters for box 26 (now {account!r})"
        yield Need(about="form", name=name)
    if len(context.lines) > LINES_ON_A_FORM:
        name = f"room for {len(context.lines)} lines (a form holds {LINES_ON_A_FORM})"
        yield Need(about="form", name=name)


def _for_medicare(context: ClaimContext) -> Needs:
    """Yields items 10, 11 and 32, which are never left open (source: docs/reference/exports.md)."""
    if not context.related_causes:
        yield Need(about="form", name='related_causes (box 10; ["none"] when there is none)')
    if context.other_insurance_first is None and context.other_payer is None:
        yield Need(about="form", name="other_insurance_first (box 11)")
    if "auto" in context.related_causes:
        yield from keys("form", "", context, "accident_state")
    if context.service_facility is None and any(line.pos == AT_HOME for line in context.lines):
        yield Need(about="form", name="service_facility (box 32: the address of the home)")

"""The needs of a claim for its own form."""

from __future__ import annotations

from records.claim.context import ClaimContext
from records.claim.needs.every_claim import needs_of_any_claim
from records.claim.needs.need import About, Need, Needs, has_a_payer
from records.claim.needs.of_837p import needs_of_837p
from records.claim.needs.of_cms1500 import needs_of_cms1500


def is_electronic(context: ClaimContext) -> bool:
    """Returns whether the claim goes to its payer as 837P."""
    return context.form == "837P" and has_a_payer(context)


def is_on_paper(context: ClaimContext) -> bool:
    """Returns whether the claim goes to its payer as CMS-1500."""
    return context.form == "CMS1500" and has_a_payer(context)


def needs_of_form(context: ClaimContext, session_id: str) -> tuple[Need, ...]:
    """Yields everything that the claim's own form lacks.

    A self-paying patient has no form, an institutional form no export of its own: such claims need
    what every claim needs.
    """
    return tuple(dict.fromkeys(_needs(context, session_id)))


def _needs(context: ClaimContext, session_id: str) -> Needs:
    if is_electronic(context):
        return needs_of_837p(context)
    if is_on_paper(context):
        return needs_of_cms1500(context, session_id)
    return needs_of_any_claim(context)


def names_about(about: About, needs: tuple[Need, ...]) -> tuple[str, ...]:
    """Returns the names of what is missing of one thing."""
    return tuple(need.name for need in needs if need.about == about)

"""Gates: what a rule needs of a claim before it can be checked."""

from __future__ import annotations

from records.claim.code_sets import TRACTION
from records.claim.rules.facts import Facts
from records.claim.rules.findings import NotApplicable, NotJudged

PROFESSIONAL_FORMS = ("837P", "CMS1500")


def traction_billed(facts: Facts) -> NotApplicable | None:
    """Requires a 97012 line on the claim."""
    return None if facts.line else NotApplicable(f"no line of the claim is {TRACTION}")


def medicare(facts: Facts) -> NotApplicable | None:
    """Requires a payer with Original Medicare's rules."""
    return None if facts.medicare else NotApplicable("a rule of Original Medicare, not this payer")


def noted(facts: Facts) -> NotJudged | None:
    """Requires a note of a session."""
    return None if facts.note else NotJudged("note", "no session of a device is linked")


def professional(facts: Facts) -> NotApplicable | None:
    """Requires a practitioner's claim."""
    if facts.context.form in PROFESSIONAL_FORMS:
        return None
    return NotApplicable(f"the claim is no practitioner's ({facts.context.form})")


def other_codes(facts: Facts) -> NotApplicable | None:
    """Requires another code than 97012 on the day."""
    return None if facts.others else NotApplicable("the day has no other code")


def with_a_partner(facts: Facts) -> NotApplicable | None:
    """Requires a code of the day that is a pair with 97012."""
    if facts.partners:
        return None
    return NotApplicable(f"no code of the day is a pair with {TRACTION} in the rows that are known")


def diagnosed(facts: Facts) -> NotApplicable | None:
    """Requires a diagnosis on the claim; that it must have one is another rule (T-085)."""
    return None if facts.context.diagnoses else NotApplicable("the claim lists no diagnosis")

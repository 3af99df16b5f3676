"""What the rules of modifiers and pairs did not check, line by line, with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from records.claim.code_sets import ALWAYS_THERAPY, TRACTION
from records.claim.context import ServiceLine
from records.claim.rules.facts import Facts
from records.claim.rules.predicates.modifiers import assistant_share
from records.claim.rules.predicates.threshold import of_another_amount


def lines_left_out(facts: Facts) -> tuple[str, ...]:
    """Returns one sentence for each reason; empty when every line of the visit was checked."""
    second = tuple(_second_payer(facts))
    if facts.line is None:
        return (*second, f"modifiers and pairs: not looked at, no line of the claim is {TRACTION}")
    found = (_no_therapy(facts), _elsewhere(facts), _assistants(facts), *_amounts(facts))
    return tuple(text for text in (*second, *found, *_pairs(facts)) if text)


def _second_payer(facts: Facts) -> Iterator[str]:
    other = facts.context.other_payer
    if other is not None:
        yield (
            f"rules of the second payer (profile {other.profile}): not applied, the claim goes to "
            f"{facts.context.payer.name or 'the other one'}"
        )


def _left_out(what: str, lines: Iterable[ServiceLine], why: str) -> str:
    codes = ", ".join(dict.fromkeys(line.cpt for line in lines))
    return f"{what}: not looked at on {codes}, {why}" if codes else ""


def _no_therapy(facts: Facts) -> str:
    others = (line for line in facts.lines if line.cpt not in ALWAYS_THERAPY)
    return _left_out("GP, CQ or CO, KX", others, "which is not known as a therapy service")


def _elsewhere(facts: Facts) -> str:
    others = facts.context.other_lines_same_day
    return _left_out("modifiers", others, "which is billed elsewhere")


def _assistants(facts: Facts) -> str:
    """Yields a part of a timed code, or minutes of an assistant in a service of unknown length."""
    if not facts.profile.assistant_modifiers:
        return ""
    lines = (
        line
        for line in facts.therapy_lines
        if line.assistant_min and assistant_share(facts, line) is None
    )
    return _left_out(
        "CQ or CO", lines, "whose assistant's share is not known or is of a timed code"
    )


def _amounts(facts: Facts) -> Iterator[str]:
    if not facts.medicare:
        return
    lines = (line for line in facts.therapy_lines if of_another_amount(facts, line))
    yield _left_out("KX", lines, "whose discipline has a yearly amount of its own")


def _pairs(facts: Facts) -> Iterator[str]:
    others = [line for line in facts.others if not facts.same_provider(line)]
    yield _left_out(f"NCCI pairs with {TRACTION}", others, "which is another provider's")
    codes = list(dict.fromkeys(line.cpt for line in facts.others))
    if len(codes) > 1:
        yield (
            f"NCCI pairs among {', '.join(codes)}: not looked at, only the rows of {TRACTION} are "
            "read"
        )

"""Fields without which no claim exists, by what they are about; the exports ask for the same names.

What a claim needs follows from its form and payer: whoever pays himself has no payer to send to, a
paper form has no sender's id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from records.claim.context import ClaimContext, Party

MEMBER_ID = "member_id of the insured"
ADDRESS = ("line_1", "city", "state", "zip")
Names: TypeAlias = Iterator[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwrittenExport:
    """What an export would not write: its formats, why, and the names of what it misses."""

    formats: tuple[str, ...]
    message: str
    missing: tuple[str, ...] = ()


def has_a_payer(context: ClaimContext) -> bool:
    """False for a patient who pays himself: there is nobody to send a claim to."""
    return context.payer.kind != "self_pay"


def is_electronic(context: ClaimContext) -> bool:
    """The claim goes to its payer as 837P."""
    return context.form == "837P" and has_a_payer(context)


def _open(context: ClaimContext, *names: str) -> Names:
    return (name for name in names if getattr(context, name) in (None, "", ()))


def _person(name: str, party: Party | None, *keys: str) -> Names:
    """What is open of a party; its whole name when there is none."""
    if party is None:
        yield name
        return
    for key in keys:
        if getattr(party, key) in (None, ""):
            yield f"{name}.{key}"


def _address(name: str, party: Party | None) -> Names:
    if party is not None and party.address is None:
        yield f"{name}.address"
    elif party is not None:
        for key in ADDRESS:
            if getattr(party.address, key) in (None, ""):
                yield f"{name}.address.{key}"


def _patient(context: ClaimContext) -> Names:
    people = {"patient": context.patient}
    if context.subscriber is not None:
        people["subscriber"] = context.subscriber
    for name, party in people.items():
        yield from _person(name, party, "last_name", "first_name", "birth_date", "sex")
        yield from _address(name, party)
    insured = context.subscriber or context.patient
    if has_a_payer(context) and insured is not None and not insured.member_id:
        yield MEMBER_ID


def _billing(context: ClaimContext) -> Names:
    further = ("phone", "taxonomy") if is_electronic(context) else ()
    yield from _person("billing", context.billing, "last_name", "npi", "tin", "tin_kind", *further)
    yield from _address("billing", context.billing)


def _rendering(context: ClaimContext) -> Names:
    return _person("rendering", context.rendering, "last_name", "npi")


def _of_lines(key: str) -> Callable[[ClaimContext], Names]:
    def open_lines(context: ClaimContext) -> Names:
        for number, line in enumerate(context.lines, start=1):
            if getattr(line, key) is None:
                yield f"lines.{number}.{key}"

    return open_lines


def _form(context: ClaimContext) -> Names:
    """What the form asks of the claim as a whole."""
    yield from _open(context, "diagnoses")
    if not has_a_payer(context):
        return
    if not context.payer.name:
        yield "payer.name"
    yield from _open(context, "accept_assignment")
    if is_electronic(context):
        if not context.payer.payer_id:
            yield "payer.payer_id"
        names = ("submitter_id", "receiver_id", "benefits_assigned", "release_of_information")
        yield from _open(context, *names)


REQUIRED: Mapping[str, Callable[[ClaimContext], Names]] = {
    "patient": _patient,
    "billing": _billing,
    "rendering": _rendering,
    "place": _of_lines("pos"),
    "charge": _of_lines("charge"),
    "form": _form,
}


def missing_of(context: ClaimContext, about: str) -> tuple[str, ...]:
    """Names of what is missing; ``about`` is a key of ``REQUIRED``."""
    return tuple(REQUIRED[about](context))


def all_missing(context: ClaimContext) -> frozenset[str]:
    """Every name that one of ``REQUIRED`` misses."""
    return frozenset(name for about in REQUIRED for name in missing_of(context, about))

"""The signature of a note in the parts that messages need: name, credentials, time.

A note is signed with a name as people write it. Its parts are those of the claim's person of the
same name, if there is one. Else the last word is the family name, or what precedes a comma.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from records.claim.context import ClaimContext, Party
from records.note.words import NoteVersion
from records.visit.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who signed the newest version of a note, and when (the clinic's time).

    ``party`` has the name in parts, the credentials as signed, and the NPI of a person of the
    claim. ``as_signed`` is the name as it was written. ``treated``: it is the person who treated.
    """

    party: Party
    as_signed: str
    at: datetime
    treated: bool


def signature_of(visit: Visit) -> Signature | None:
    """Returns the newest version's; None for a draft."""
    if not visit.note.versions:
        return None
    newest = visit.note.versions[-1]
    known = _same_person(newest, visit.context)
    party = known or _in_parts(newest.by)
    return Signature(
        party=party.model_copy(update={"credentials": newest.credentials}),
        as_signed=newest.by,
        at=datetime.fromtimestamp(newest.at_utc_ms // 1000, visit.zone),
        treated=known is not None
        and visit.context is not None
        and known is visit.context.rendering,
    )


def _same_person(version: NoteVersion, context: ClaimContext | None) -> Party | None:
    """Returns who treated or certified, if the whole name matches; initials are not enough."""
    if context is None:
        return None
    signed = _plain(version.by)
    for party in (context.rendering, context.referring):
        if party and party.first_name and signed in _spellings(party):
            return party
    return None


def _spellings(party: Party) -> set[str]:
    """Returns a person's name with and without the middle name, the family name last or first."""
    given, family = party.first_name or "", party.last_name
    spelled = {f"{given} {family}", f"{family}, {given}"}
    if party.middle_name:
        middle = f"{given} {party.middle_name}"
        spelled |= {f"{middle} {family}", f"{family}, {middle}"}
    return {_plain(name) for name in spelled}


def _plain(name: str) -> str:
    return " ".join(name.replace(".", " ").casefold().split())


def _in_parts(name: str) -> Party:
    family, comma, given = name.partition(",")
    if not comma:
        given, _, family = name.strip().rpartition(" ")
    return Party(last_name=family.strip(), first_name=given.strip() or None)

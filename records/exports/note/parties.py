"""Whom a note is about and who treated, and under which number it is claimed."""

from __future__ import annotations

from collections.abc import Iterator

from records.claim.context import Address, Party
from records.visit.visit import NotedVisit


def parties_of(visit: NotedVisit) -> list[tuple[str, str]]:
    """Returns label and text of each; missing ones are left out."""
    return [(label, text) for label, text in _parties(visit) if text]


def _parties(visit: NotedVisit) -> Iterator[tuple[str, str]]:
    context = visit.context
    yield "Patient", _patient(context.patient if context else None)
    yield "Clinic", visit.clinic
    yield "Claim account", visit.account
    if context is None:
        return
    yield "Billed by", _with_address(context.billing)
    yield "Treated at", _with_address(context.service_facility)
    yield "Treated by", _with_npi(context.rendering)


def _patient(patient: Party | None) -> str:
    born = f"born {patient.birth_date}" if patient and patient.birth_date else ""
    return _joined(_name(patient), born)


def _with_address(party: Party | None) -> str:
    address = party.address if party else None
    return _joined(_name(party), _address(address), _npi(party))


def _with_npi(party: Party | None) -> str:
    return _joined(_name(party), _npi(party))


def _name(party: Party | None) -> str:
    """Returns given names first, credentials last, as on a signature line."""
    if party is None:
        return ""
    names = (party.first_name, party.middle_name, party.last_name)
    return _joined(" ".join(filter(None, names)), party.credentials or "")


def _address(address: Address | None) -> str:
    if address is None:
        return ""
    town = " ".join(filter(None, (address.city, address.state, address.zip)))
    return _joined(address.line_1, address.line_2, town)


def _npi(party: Party | None) -> str:
    return f"NPI {party.npi}" if party and party.npi else ""


def _joined(*parts: str) -> str:
    return ", ".join(filter(None, parts))

"""What people call a session: ``last``, a day, the patient, the unit, the end of its id.

Ids are for programs. Whatever fits is returned; which one is meant, nobody but the person can say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from records.keeping.search import FoundSession

LAST, TODAY, YESTERDAY = "last", "today", "yesterday"
LEAST_OF_A_TAIL = 4
"""Fewer characters of the end of an id fit too much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionNaming:
    """What names are read by: the clinic's days, and what its units are called."""

    day_of: Callable[[int], date]
    today: date
    unit_names: Mapping[str, str]
    """Unit id to the name that people gave it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """Sessions that a name fits, newest first; ``by_patient``: it fits as a patient's reference."""

    sessions: tuple[FoundSession, ...]
    by_patient: bool = False


def sessions_named(listed: Sequence[FoundSession], name: str, naming: SessionNaming) -> Fitting:
    """Those of ``listed`` (newest first) that are called so; refused tries only if nothing else.

    "last" in front of another name is the newest that fits it.
    """
    wanted = " ".join(name.split())
    first, _, rest = wanted.partition(" ")
    fitting = _fitting(listed, wanted, naming)
    if fitting.sessions or first.lower() != LAST:
        return fitting
    of_rest = _fitting(listed, rest, naming) if rest else Fitting(sessions=_treated(listed))
    return Fitting(sessions=of_rest.sessions[:1], by_patient=of_rest.by_patient)


def _fitting(listed: Sequence[FoundSession], name: str, naming: SessionNaming) -> Fitting:
    exact = tuple(one for one in listed if one.head.session_id == name)
    if exact:
        return Fitting(sessions=exact)
    of_patient = [one for one in listed if _is_patient(one, name)]
    day = _day(name, naming.today)
    fits = [
        one
        for one in listed
        if one in of_patient
        or _is_part_of_id(one, name)
        or _is_unit(one, name, naming.unit_names)
        or (day is not None and naming.day_of(one.head.started_utc_ms) == day)
    ]
    by_id = [one for one in fits if _is_part_of_id(one, name)]
    sessions = tuple(one for one in fits if not one.refused or one in by_id)
    return Fitting(sessions=sessions or tuple(fits), by_patient=bool(of_patient))


def _treated(listed: Sequence[FoundSession]) -> tuple[FoundSession, ...]:
    return tuple(one for one in listed if not one.refused) or tuple(listed)


def _is_part_of_id(one: FoundSession, name: str) -> bool:
    """The beginning of its id as long as you like, or an end that is long enough."""
    session_id, part = one.head.session_id.lower(), name.lower()
    is_tail = len(part) >= LEAST_OF_A_TAIL and session_id.endswith(part)
    return bool(part) and (session_id.startswith(part) or is_tail)


def _is_patient(one: FoundSession, name: str) -> bool:
    return any(name.casefold() == reference.casefold() for reference in one.references if reference)


def _is_unit(one: FoundSession, name: str, unit_names: Mapping[str, str]) -> bool:
    unit_id = one.head.unit_id
    return name.casefold() in {unit_id, unit_names.get(unit_id, "").casefold()} - {""}


def _day(name: str, today: date) -> date | None:
    if name.lower() in (TODAY, YESTERDAY):
        return today - timedelta(days=name.lower() == YESTERDAY)
    try:
        return date.fromisoformat(name) if "-" in name else None
    except ValueError:
        return None

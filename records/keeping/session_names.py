"""Names of a treatment for people: ``last``, a day, the patient, the unit, the end of its id.

Ids are for programs. All matches are returned; only the person can tell which one is meant.
Recorded sessions and sheets that were entered from paper are named in the same ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from records.keeping.search import FoundSession, SessionQuery, find_sessions
from records.keeping.sheet_search import FoundSheet, find_sheets
from records.keeping.unfollowed_orders import NO_SESSION, UnfollowedOrder
from records.store.record_folder import RecordFolder

LAST, TODAY, YESTERDAY = "last", "today", "yesterday"
LEAST_OF_A_TAIL = 4
"""A shorter end of an id would match too much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionNaming:
    """The data for names: the clinic's days, and the names of its units."""

    day_of: Callable[[int], date]
    today: date
    unit_names: Mapping[str, str]
    """Unit id to the name that people gave it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalledTreatment:
    """A possible meaning of a name; ``unit`` is an id, or a sheet's table."""

    called: str
    began_utc_ms: int
    unit: str
    reference: str
    references: frozenset[str]
    state: str
    refused: bool = False
    on_paper: bool = False
    was_begun: bool = True
    """False for an order that no session followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """The matches of a name, newest first; ``by_patient``: as a patient's reference."""

    treatments: tuple[CalledTreatment, ...]
    by_patient: bool = False


def called_treatments(
    sessions: Iterable[FoundSession],
    sheets: Iterable[FoundSheet],
    orders: Iterable[UnfollowedOrder] = (),
) -> list[CalledTreatment]:
    """Returns all in one list, newest first."""
    every = [*map(_of_session, sessions), *map(_of_sheet, sheets), *map(_of_order, orders)]
    return sorted(every, key=lambda one: (one.began_utc_ms, one.called), reverse=True)


def find_treatments(
    folder: RecordFolder, query: SessionQuery, day_of: Callable[[int], date]
) -> list[CalledTreatment]:
    """Returns all matches, as ``find_sessions`` and ``find_sheets`` find them."""
    return called_treatments(
        find_sessions(folder, query, day_of), find_sheets(folder, query, day_of)
    )


def treatments_named(
    listed: Sequence[CalledTreatment], name: str, naming: SessionNaming
) -> Fitting:
    """Returns matches in ``listed`` (newest first); refused attempts only if nothing else matches.

    "last" before another name is the newest match of that name.
    """
    wanted = " ".join(name.split())
    first, _, rest = wanted.partition(" ")
    fitting = _fitting(listed, wanted, naming)
    if fitting.treatments or first.lower() != LAST:
        return fitting
    of_rest = _fitting(listed, rest, naming) if rest else Fitting(treatments=_treated(listed))
    return Fitting(treatments=of_rest.treatments[:1], by_patient=of_rest.by_patient)


def _of_session(found: FoundSession) -> CalledTreatment:
    return CalledTreatment(
        called=found.head.session_id,
        began_utc_ms=found.head.started_utc_ms,
        unit=found.head.unit_id,
        reference=found.reference,
        references=found.references,
        state=found.outcome,
        refused=found.refused,
    )


def _of_sheet(found: FoundSheet) -> CalledTreatment:
    sheet = found.kept.sheet
    return CalledTreatment(
        called=sheet.sheet_id,
        began_utc_ms=sheet.began_utc_ms,
        unit=sheet.values.get("table", ""),
        reference=found.reference,
        references=found.references,
        state=f"{found.outcome}, entered from paper",
        on_paper=True,
    )


def _of_order(order: UnfollowedOrder) -> CalledTreatment:
    return CalledTreatment(
        called=order.session_id,
        began_utc_ms=order.filed_utc_ms,
        unit=order.unit_id,
        reference=order.reference,
        references=frozenset({order.reference}),
        state=NO_SESSION,
        was_begun=False,
    )


def _fitting(listed: Sequence[CalledTreatment], name: str, naming: SessionNaming) -> Fitting:
    exact = tuple(one for one in listed if one.called == name)
    if exact:
        return Fitting(treatments=exact)
    of_patient = [one for one in listed if _is_patient(one, name)]
    day = _day(name, naming.today)
    fits = [
        one
        for one in listed
        if one in of_patient
        or _is_part_of_id(one, name)
        or _is_unit(one, name, naming.unit_names)
        or (day is not None and naming.day_of(one.began_utc_ms) == day)
    ]
    by_id = [one for one in fits if _is_part_of_id(one, name)]
    meant = tuple(one for one in fits if not one.refused or one in by_id)
    return Fitting(treatments=meant or tuple(fits), by_patient=bool(of_patient))


def _treated(listed: Sequence[CalledTreatment]) -> tuple[CalledTreatment, ...]:
    return tuple(one for one in listed if not one.refused) or tuple(listed)


def _is_part_of_id(one: CalledTreatment, name: str) -> bool:
    """Returns whether it begins the id, or is a sufficiently long end of it."""
    called, part = one.called.lower(), name.lower()
    is_tail = len(part) >= LEAST_OF_A_TAIL and called.endswith(part)
    return bool(part) and (called.startswith(part) or is_tail)


def _is_patient(one: CalledTreatment, name: str) -> bool:
    return any(name.casefold() == reference.casefold() for reference in one.references if reference)


def _is_unit(one: CalledTreatment, name: str, unit_names: Mapping[str, str]) -> bool:
    names = {one.unit, unit_names.get(one.unit, "")}
    return name.casefold() in {each.casefold() for each in names if each}


def _day(name: str, today: date) -> date | None:
    if name.lower() in (TODAY, YESTERDAY):
        return today - timedelta(days=name.lower() == YESTERDAY)
    try:
        return date.fromisoformat(name) if "-" in name else None
    except ValueError:
        return None

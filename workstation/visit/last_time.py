"""The outcome of a patient's last treatment, and why its force may not be repeated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from controller.order.force_unit import ForceUnit
from records.provenance import NOT_RECORDED_TEXT
from records.store.record_folder import RecordFolder
from records.times_in_words import DayOf
from records.visit.next_order import (
    delivered_on_paper_n,
    ordered_hold_n,
    sheet_since,
    trouble_in,
    trouble_on_paper,
)
from records.visit.paper_visit import PaperVisit
from records.visit.visit import Visit
from workstation.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why last time's force must be entered anew, in words, and that force; usually empty."""

    hold_n: float = 0.0
    reasons: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.reasons)

    @property
    def words(self) -> str:
        """Returns all reasons in one line."""
        return " and ".join(self.reasons)

    def needs_a_reason(self, force_n: float) -> bool:
        """Returns True for a force that is not lower after trouble."""
        return bool(self.reasons) and force_n >= self.hold_n


@dataclass(frozen=True, slots=True, kw_only=True)
class LastTime:
    """The last visit on record and a newer downtime sheet; None: there is none."""

    visit: Visit | None
    sheet: PaperVisit | None
    trouble: Trouble


def last_time(
    folder: RecordFolder, settings: Settings, reference: str, before: Visit | None
) -> LastTime:
    """Returns what is on file of the last treatment; ``before`` is the last visit on record."""
    hold_n = ordered_hold_n(before) if before is not None else 0.0
    reasons = [*trouble_in(before)] if before is not None else []
    sheet = sheet_since(folder, settings, reference, before)
    if sheet is not None and (on_paper := [*trouble_on_paper(sheet)]):
        hold_n, reasons = delivered_on_paper_n(sheet), [*reasons, *on_paper]
    trouble = Trouble(hold_n=hold_n, reasons=tuple(dict.fromkeys(reasons)))
    return LastTime(visit=before, sheet=sheet, trouble=trouble)


def visit_in_words(before: Visit, forces: ForceUnit) -> Iterator[tuple[str, str]]:
    """Returns what was ordered and delivered, how it ended and how it was tolerated."""
    dose, note = before.note.dose, before.note
    mean = "not recorded"
    if dose.mean_hold_force_dn is not None:
        mean = forces.with_other(dose.mean_hold_force_dn / 10)
    yield "ordered", forces.with_other(ordered_hold_n(before))
    yield "delivered", f"{dose.delivered_minutes} min, mean hold {mean}"
    yield "outcome", note.outcome
    yield "tolerance", note.field("tolerance").value or "not said"


def sheet_in_words(sheet: PaperVisit, forces: ForceUnit) -> Iterator[tuple[str, str]]:
    """Returns what was done since on paper, of which nothing is proposed."""
    values = sheet.kept.sheet.values
    yield "delivered", forces.with_other(delivered_on_paper_n(sheet))
    yield "stop", values.get("stop_reason") or values.get("stopped_at") or "none"
    yield "tolerance", sheet.note.field("tolerance").value or "not said"


def day_of_visit(before: Visit) -> str:
    """Returns the clinic's day of a visit."""
    began_ms = before.sessions[0].record.head.started_utc_ms
    return datetime.fromtimestamp(began_ms / 1000, before.zone).date().isoformat()


def sheet_head(sheet: PaperVisit, day_of: DayOf) -> str:
    """Returns the heading of a treatment that is known from paper only."""
    day = day_of(sheet.kept.sheet.began_utc_ms)
    return f"Treated since on paper, {day} ({sheet.session_id}), {NOT_RECORDED_TEXT}"

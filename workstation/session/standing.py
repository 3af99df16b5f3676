"""What standing data say of a session, asked before anything is connected or written."""

from __future__ import annotations

from dataclasses import replace

from controller.quick_dataclasses import dataclass
from records.order.order import Order
from records.standing.for_session import SessionStanding, standing_for
from records.standing.versions import StandingData, read_standing
from workstation.session.workplace import Workplace
from workstation.settings import settings_at_the_clinic


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What holds for a session, and the workplace with the clinic's own name and time zone."""

    standing: SessionStanding
    workplace: Workplace


def prepared(workplace: Workplace, order: Order) -> Prepared:
    """What holds for an order today; what only has to be told is told.

    Raises PrescriptionInvalid above a patient's cap, JournalCorrupt where clinic.db was altered.
    """
    held = read_standing(workplace.folder)
    workplace = at_the_clinic(workplace, held)
    utc_ms = workplace.clock.utc_ms()
    day = workplace.settings.day_at(utc_ms)
    standing = standing_for(held, order, day)
    for text in standing.told:
        workplace.warn(text)
    return Prepared(standing=standing, workplace=workplace)


def at_the_clinic(workplace: Workplace, held: StandingData) -> Workplace:
    """With what the clinic's record says in place of the settings."""
    return replace(workplace, settings=settings_at_the_clinic(workplace.settings, held))

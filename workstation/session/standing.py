"""What standing data say about a session, read before anything is connected or written."""

from __future__ import annotations

from dataclasses import dataclass, replace

from records.order.order import Order
from records.standing.for_session import SessionStanding, standing_for
from records.standing.versions import StandingData, read_standing
from workstation.session.workplace import Workplace
from workstation.settings import settings_at_the_clinic


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What applies to a session, and the workplace with the clinic's own name and time zone."""

    standing: SessionStanding
    workplace: Workplace


def prepared(workplace: Workplace, order: Order) -> Prepared:
    """Returns what applies to an order today; reports what is only informative.

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
    """Returns the workplace with the clinic's record applied over the settings."""
    return replace(workplace, settings=settings_at_the_clinic(workplace.settings, held))

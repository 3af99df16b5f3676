"""What standing data say of a session, asked before anything is connected or written."""

from __future__ import annotations

from datetime import datetime

from records.order.order import Order
from records.standing.for_session import SessionStanding, standing_for
from records.standing.versions import read_standing
from workstation.session.workplace import Workplace


def standing_before(workplace: Workplace, order: Order) -> SessionStanding:
    """What holds for an order today; what only has to be told is told.

    Raises PrescriptionInvalid above a patient's cap, JournalCorrupt where clinic.db was altered.
    """
    utc_ms = workplace.clock.utc_ms()
    day = datetime.fromtimestamp(utc_ms / 1000, workplace.settings.zone_at(utc_ms)).date()
    standing = standing_for(read_standing(workplace.folder), order, day)
    for text in standing.told:
        workplace.warn(text)
    return standing

"""Closes the unit's file of the previous year at the first start of a calendar year."""

from __future__ import annotations

from datetime import UTC, datetime

from controller.errors import JournalUnavailable
from records.evidence.year_files import close_year
from records.keys.signing import SigningKey
from workstation.session.workplace import Workplace


def close_last_year(workplace: Workplace, unit_id: str, key: SigningKey) -> None:
    """Begin a new file where the newest session is of an earlier year.

    A disk that refuses prevents no treatment: the file is continued, and the next start tries
    again. Raises UnitBusy or JournalCorrupt.
    """
    utc_ms = workplace.clock.utc_ms()
    zone = workplace.settings.zone_at(utc_ms)
    today = datetime.fromtimestamp(utc_ms / 1000, UTC).astimezone(zone).date()
    try:
        close_year(workplace.folder, unit_id, key, utc_ms=utc_ms, year=today.year)
    except JournalUnavailable as error:
        workplace.warn(
            f"{error.message}; the next start tries again to begin the file of {today.year}"
        )

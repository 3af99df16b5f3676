"""The first start of a calendar year closes the unit's file of the year before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from controller.errors import JournalUnavailable
from controller.ports import Clock
from records.evidence.year_files import close_year
from records.keys.signing import SigningKey
from records.store.record_folder import RecordFolder
from workstation.settings import Settings


def close_last_year(
    folder: RecordFolder,
    unit_id: str,
    clock: Clock,
    key: SigningKey,
    settings: Settings,
    warn: Callable[[str], None],
) -> None:
    """Begin a new file where the newest session is of an earlier year.

    A disk that refuses keeps nobody from a treatment: the file goes on, and the next start tries
    again. Raises UnitBusy or JournalCorrupt.
    """
    utc_ms = clock.utc_ms()
    today = datetime.fromtimestamp(utc_ms / 1000, UTC).astimezone(settings.zone_at(utc_ms)).date()
    try:
        close_year(folder, unit_id, key, utc_ms=utc_ms, year=today.year)
    except JournalUnavailable as error:
        warn(f"{error.message}; the next start tries again to begin the file of {today.year}")

"""Checks whether anybody can see the session: a live console may have no visible page."""

from __future__ import annotations

from typing import Final

from controller.ports import Attendance
from controller.runtime.alarm_keeper import AlarmKeeper
from controller.safety.limits import SafetyLimits

NO_PAGE_S: Final = 15.0
"""Longest time without a visible page that confirms what it shows (times.md)."""
_CONSOLE_QUIET_S: Final = SafetyLimits().console_warn_s


class PageWatch:
    """One per session. It never releases: attention itself is required every 5 min."""

    def __init__(self, alarms: AlarmKeeper) -> None:
        self._alarms = alarms
        self._is_unseen = False

    def look(self, attendance: Attendance, now_s: float) -> None:
        """Raise one alarm for a time without a page; a silent console has an alarm of its own."""
        page_age_s, console_age_s = attendance.page_age_s, attendance.console_age_s
        if page_age_s is None or console_age_s is None:
            return
        quiet = console_age_s > _CONSOLE_QUIET_S
        unseen = page_age_s > NO_PAGE_S
        if unseen and not quiet and not self._is_unseen:
            self._alarms.raise_alarm("no_live_page", now_s)
        self._is_unseen = unseen and (self._is_unseen or not quiet)

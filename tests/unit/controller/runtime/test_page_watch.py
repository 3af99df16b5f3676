"""A time without a page is one alarm, and the next time another."""

from __future__ import annotations

from typing import cast

from controller.ports import Attendance
from controller.runtime.alarm_keeper import AlarmKeeper
from controller.runtime.page_watch import NO_PAGE_S, PageWatch


class Raised:
    """What is raised; a person takes note of each at once."""

    def __init__(self) -> None:
        self.codes: list[str] = []

    def raise_alarm(self, code: str, now_s: float) -> None:
        self.codes.append(code)


def test_a_time_without_a_page_is_told_once_even_where_it_is_acknowledged() -> None:
    raised = Raised()
    watch = PageWatch(cast("AlarmKeeper", raised))

    def looked(page_age_s: float, console_age_s: float = 0.1) -> int:
        ages = Attendance(console_age_s=console_age_s, page_age_s=page_age_s)
        watch.look(ages, 0.0)
        return len(raised.codes)

    assert looked(NO_PAGE_S) == 0
    assert [looked(NO_PAGE_S + 0.1), looked(NO_PAGE_S + 5.0)] == [1, 1]
    assert looked(NO_PAGE_S + 9.0, console_age_s=9.0) == 1, "a quiet console has its own"
    assert looked(NO_PAGE_S + 10.0) == 1, "the same time without a page"
    assert [looked(0.5), looked(NO_PAGE_S + 0.1)] == [1, 2]
    assert set(raised.codes) == {"no_live_page"}

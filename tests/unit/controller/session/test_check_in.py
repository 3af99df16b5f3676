"""Somebody is reminded each 5 min that nobody checked on the patient."""

from __future__ import annotations

from controller.session.check_in import CheckInReminder


def test_nobody_is_reminded_before_the_treatment() -> None:
    reminder = CheckInReminder()
    assert reminder.due(10_000.0) is False


def test_the_reminder_comes_after_5_min_once_and_again_after_5_more() -> None:
    reminder = CheckInReminder()
    reminder.looked_after(100.0)
    due = [second for second in range(100, 1300) if reminder.due(float(second))]
    assert due == [400, 700, 1000]


def test_a_check_in_puts_the_reminder_off() -> None:
    reminder = CheckInReminder()
    reminder.looked_after(100.0)
    reminder.looked_after(350.0)
    assert [second for second in range(100, 700) if reminder.due(float(second))] == [650]


def test_what_is_left_until_the_next_check_in() -> None:
    reminder = CheckInReminder()
    assert reminder.left_s(100.0) is None
    reminder.looked_after(100.0)
    assert reminder.left_s(101.0) == 299.0
    assert reminder.left_s(401.0) == 0.0

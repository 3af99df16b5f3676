"""The self-check items that a unit's readings show, judged before the questions and again after.

What passed before people were asked may have changed while they thought, so the same items are
judged a second time on the readings directly before the arming, with those only known then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from controller.order.prescription import Prescription
from controller.ports import ArmingRequest, Clock, StartFacts, TractionUnit
from controller.runtime.clock_check import clock_item
from controller.runtime.unit_watch import UnitWatch
from controller.safety.coverage import unknown_in
from controller.safety.limits import SafetyLimits
from controller.start import last_look, self_check
from controller.start.coverage import coverage_items
from controller.start.self_check import CheckItem, CheckState
from controller.start.unit_word import unit_word_items

ZERO_LIMIT_S: Final = 10.0
"""The cord may be touched while the patient is made ready; time to wait for a quiet zero."""


class StartItems:
    """One per session. ``first`` are the items of the self-check by their names."""

    def __init__(
        self,
        *,
        unit: TractionUnit,
        clock: Clock,
        order: Prescription,
        facts: StartFacts,
        request: ArmingRequest,
        watch: UnitWatch,
    ) -> None:
        self._unit = unit
        self._clock = clock
        self._order = order
        self._facts = facts
        self._request = request
        self._watch = watch
        self._first: dict[str, CheckItem] = {}
        self._first_zero_n: float | None = None
        self._first_wall_gap_s = 0.0
        self.gross_zero_n: float | None = None

    def judge(self) -> list[CheckItem]:
        """Returns the self-check on a window of readings that begins now."""
        self.take_window()
        items = self._items()
        self._first = {item.name: item for item in items}
        self._first_zero_n = self.gross_zero_n
        self._first_wall_gap_s = self._wall_gap_s()
        return items

    def judge_again(
        self, events: Sequence[int], *, all_read: bool, yes_at_s: float
    ) -> list[CheckItem]:
        """Judge everything again on the latest window, and what is known only now.

        ``events`` are the codes that the unit noted since the start was asked about. An item that
        differs from the one people were asked about refuses.
        """
        return [
            *(self._as_asked(item) for item in self._items()),
            last_look.switch_open_item(self._watch.reading),
            last_look.events_item(
                events, all_read=all_read, told=self._watch.reading.newest_event is not None
            ),
            last_look.zero_kept_item(self._first_zero_n, self.gross_zero_n),
            last_look.press_test_item(self._watch.press_test_age_s),
            last_look.yes_item(self._clock.now_s() - yes_at_s),
        ]

    def take_window(self) -> None:
        """Wait, up to a limit, until a whole window of readings is quiet at zero."""
        self._watch.forget()
        deadline_s = self._clock.now_s() + ZERO_LIMIT_S
        while True:
            self._watch.look()
            full = len(self._watch.readings) == self_check.ZERO_READINGS
            quiet = self._zero_item().state is not CheckState.FAILED
            if full and (quiet or self._clock.now_s() >= deadline_s):
                break
        gross_n = [reading.gross_force_n for reading in self._watch.readings]
        self.gross_zero_n = self_check.gross_zero_n(gross_n)

    def _items(self) -> list[CheckItem]:
        unit, reading, verified = self._unit, self._watch.reading, self._unit.verified
        utc_ms, last = self._clock.utc_ms(), self._facts.last_arming
        today = self._facts.day_at(utc_ms)
        return [
            self_check.identity_item(unit.identity),
            self_check.firmware_item(unit.identity, last),
            self_check.calibration_item(unit.identity, reading, today, verified=verified),
            self_check.commissioning_item(self._facts.weight_test, verified=verified),
            clock_item(utc_ms, reading.uptime_s, unit.identity, self._facts),
            *unit_word_items(unit.capabilities, watchdog_s=self._request.watchdog_s),
            *coverage_items(unit.unknown_in_motion | unknown_in(reading)),
            self_check.stop_test_item(unit.capabilities, reading),
            self_check.unit_faults_item(reading),
            self_check.emergency_stop_item(reading),
            self_check.patient_switch_item(reading),
            self_check.readings_item(self._watch.readings, self._clock.now_s()),
            self_check.force_channels_item(unit.capabilities, reading),
            self_check.second_channel_item(unit.capabilities),
            self._zero_item(),
            self_check.gross_zero_item(self.gross_zero_n, last),
            self_check.limits_item(self._order, unit.capabilities),
            *self_check.table_items(self._order),
            self_check.screening_item(self._facts.screening, verified=verified),
            *self_check.flag_items(self._facts.flags),
        ]

    def _as_asked(self, item: CheckItem) -> CheckItem:
        """Returns the item; a failure that differs from the one people were asked about refuses.

        So does an item that was not there before: the unit stopped reporting something.
        """
        first = self._first.get(item.name)
        if first is not None and item.state is not CheckState.FAILED:
            return item
        asked = first is not None and first.state is CheckState.FAILED
        if asked and not (item.name == "clock" and self._clock_was_set()):
            return item
        todo = f"changed since the self-check; {item.todo}"
        return replace(item, state=CheckState.FAILED, blocking=True, todo=todo)

    def _clock_was_set(self) -> bool:
        stepped_s = abs(self._wall_gap_s() - self._first_wall_gap_s)
        return stepped_s > SafetyLimits().clock_step_s

    def _wall_gap_s(self) -> float:
        return self._clock.utc_ms() / 1000 - self._clock.now_s()

    def _zero_item(self) -> CheckItem:
        forces_n = [reading.force_n for reading in self._watch.readings]
        shows_noise = self._unit.capabilities.force_shows_noise
        return self_check.zero_item(forces_n, shows_noise=shows_noise)

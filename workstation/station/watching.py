"""A viewer of a station: the state of all its units, and one stop for those that are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from controller.ports import Clock
from workstation.login import login_name
from workstation.station.control_link import ControlLink
from workstation.station.messages import Heartbeat
from workstation.station.responsible import responsible_words
from workstation.station.stop_target import Press, StopWording, stop_lines
from workstation.terminal.watch_page import UnitOnPage, silent_lines, state_words, watch_lines

LOOKS_S: Final = 60.0
"""How long after a key somebody counts as looking."""
ANSWER_S: Final = 1.0
"""A press that was not answered by then has not arrived."""


class Watching:
    """Connects to every unit. ``makers`` get a function that tells that somebody looks."""

    def __init__(
        self, makers: Sequence[Callable[[Callable[[], Heartbeat]], ControlLink]], clock: Clock
    ) -> None:
        self._clock = clock
        self._touched_s = clock.now_s()
        self._links = [make(self._heartbeat) for make in makers]
        self._pressed_s = self._touched_s
        self._presses: dict[str, Press] = {}

    def touched(self) -> None:
        """Note that somebody has pressed a key."""
        self._touched_s = self._clock.now_s()

    def stop(self) -> None:
        """Order the release of every unit."""
        self._pressed_s = self._clock.now_s()
        by = f"STOP by {login_name()} at a terminal"
        for link in self._links:
            self._presses[link.called] = link.order_stop(by)

    def units(self, words: StopWording) -> list[UnitOnPage]:
        """Returns the present state of every unit."""
        return [self._unit(link, words) for link in self._links]

    def lines(self, words: StopWording, time_of_day: str) -> list[str]:
        """Returns the page of a terminal."""
        return watch_lines(self.units(words), words.unit, time_of_day)

    def states(self, words: StopWording) -> list[str]:
        """Returns one line for each unit: its activity, without constantly changing figures."""
        lines = []
        for unit in self.units(words):
            if unit.is_answering and unit.snapshot is not None:
                state = state_words(unit.snapshot, words.unit).partition("   ")[0]
                lines.append(f"{unit.called}: {state}")
            else:
                lines += silent_lines(unit)
        return lines

    def close(self) -> None:
        """Leave; the units' programs continue."""
        for link in self._links:
            link.close()

    def _heartbeat(self) -> Heartbeat:
        looks = self._clock.now_s() - self._touched_s <= LOOKS_S
        return Heartbeat(live_pages=int(looks))

    def _unit(self, link: ControlLink, words: StopWording) -> UnitOnPage:
        shown = link.snapshot
        return UnitOnPage(
            called=link.called,
            snapshot=shown,
            silent_s=link.silent_s,
            is_answering=link.is_answering,
            stop=self._stop_lines(link, words),
            said=link.said[-1].text if link.said else "",
            responsible=responsible_words(shown, link.called, words.time) if shown else "",
        )

    def _stop_lines(self, link: ControlLink, words: StopWording) -> list[str]:
        press = self._presses.get(link.called)
        if press is None:
            return []
        is_late = self._clock.now_s() - self._pressed_s > ANSWER_S
        return stop_lines(link, press, words, is_late=is_late)

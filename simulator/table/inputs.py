"""The two inputs operated by hand: the patient's switch and the emergency stop."""

from __future__ import annotations

from typing import Final

from simulator.map_v1 import EventCode

SAMPLE_S: Final = 0.01
DEBOUNCE_SAMPLES: Final = 2
SHOWN_AFTER_PRESS_S: Final = 1.0


class SwitchOnPlug:
    """A switch on a plug. Two consecutive samples decide, so that a tap of 30 ms counts.

    ``senses_plug`` (bit 4 of 0x20): without it an unplugged switch looks open to the unit.
    """

    __slots__ = (
        "_contact",
        "_dead",
        "_differing",
        "_plugged",
        "_seems_plugged",
        "_senses_plug",
        "_shown_until_s",
        "_tap_left",
        "present",
        "pressed",
    )

    def __init__(self, *, senses_plug: bool = True) -> None:
        self._senses_plug = senses_plug
        self._contact = self._dead = False
        self._tap_left = 0
        self._plugged = self._seems_plugged = True
        self._differing = 0
        self._shown_until_s = 0.0
        self.present = True
        self.pressed = False

    def press(self) -> None:
        self._contact = not self._dead

    def release(self) -> None:
        self._contact = False

    def tap(self, seconds: float) -> None:
        """Press for ``seconds``, in whole samples of 10 ms."""
        self._contact = not self._dead
        self._tap_left = round(seconds / SAMPLE_S)

    def stick(self) -> None:
        """Weld the contact: it is closed and stays closed."""
        self._contact, self._dead = True, False

    def dead(self) -> None:
        """Break the wire: no press closes the contact any more."""
        self._contact, self._dead = False, True

    def unplug(self) -> None:
        self._plugged = False
        self._seems_plugged = not self._senses_plug

    def plug(self) -> None:
        self._plugged = self._seems_plugged = True

    def sample(self, uptime_s: float) -> EventCode | None:
        """Sample the contact once per device cycle; returns the event of a change."""
        if self._tap_left:
            self._tap_left -= 1
            self._contact = self._contact and self._tap_left > 0
        if self.pressed:
            self._shown_until_s = uptime_s + SHOWN_AFTER_PRESS_S
        contact = self._contact and self._plugged
        if contact == self.pressed and self._seems_plugged == self.present:
            self._differing = 0
            return None
        self._differing += 1
        if self._differing < DEBOUNCE_SAMPLES:
            return None
        return self._decide(contact, uptime_s)

    @property
    def closed(self) -> bool:
        """True if the contact is closed, before debouncing, as for arming (reference map, B.10)."""
        return self.pressed or (self._contact and self._plugged)

    def shown(self, uptime_s: float) -> bool:
        """Returns bit 1 of A: pressed now or within the last second (reference map, B.10)."""
        return self.pressed or uptime_s < self._shown_until_s

    def _decide(self, contact: bool, uptime_s: float) -> EventCode:
        self._differing = 0
        was_present, self.present, self.pressed = self.present, self._seems_plugged, contact
        if contact:
            self._shown_until_s = uptime_s + SHOWN_AFTER_PRESS_S
            return EventCode.SWITCH_PRESSED
        if self.present != was_present:
            return EventCode.SWITCH_PLUGGED if self.present else EventCode.SWITCH_UNPLUGGED
        return EventCode.SWITCH_RELEASED


class EmergencyStop:
    """A latching mushroom button in a hard-wired chain: it opens at once, without debouncing."""

    __slots__ = ("_pressed", "open")

    def __init__(self) -> None:
        self._pressed = False
        self.open = False

    def press(self) -> None:
        self._pressed = True

    def release(self) -> None:
        self._pressed = False

    def sample(self) -> EventCode | None:
        """Sample the chain once per device cycle."""
        if self._pressed == self.open:
            return None
        self.open = self._pressed
        return EventCode.EMERGENCY_STOP_OPEN if self.open else EventCode.EMERGENCY_STOP_CLOSED

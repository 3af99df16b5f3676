"""The clinic's times and unit of force, cached so that the live view never waits for a database."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from typing import Final

from controller.errors import TractionError
from controller.ports import Clock
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from records.times_in_words import minute_in_words, moment_in_words, time_in_words, zone_in_words
from workstation.settings import Settings, settings_at_the_clinic
from workstation.station.stop_target import StopWording
from workstation.texts.end_words import end_in_words
from workstation.texts.ways_out import on_a_page

REFRESH_S: Final = 5.0


class ClinicWords:
    """The settings with the clinic's own name, zone and unit of force, and whether it is training.

    They are read again while no session is open: a unit of force never changes during a treatment
    (hazard 38). Where clinic.db cannot be read the last ones remain in use.
    """

    def __init__(self, folder: RecordFolder, settings: Settings, clock: Clock) -> None:
        self._folder, self._own, self._clock = folder, settings, clock
        self._lock = threading.Lock()
        self.settings = settings
        self.is_training = False
        self.read()

    def read(self) -> None:
        """Read them now."""
        with self._lock:
            try:
                held = read_standing(self._folder)
            except TractionError:
                return
            self.settings = settings_at_the_clinic(self._own, held)
            self.is_training = held.is_training

    @property
    def wording(self) -> StopWording:
        """Returns what the texts of a stop need to know of the clinic."""
        zone = self.settings.zone_at(self._clock.utc_ms())
        return StopWording(
            zone=zone, unit=self.settings.unit_of_force, is_training=self.is_training
        )

    def at(self, utc_ms: int) -> datetime:
        """Returns a moment in the clinic's time."""
        return datetime.fromtimestamp(utc_ms / 1000, UTC).astimezone(self.settings.zone_at(utc_ms))

    def time(self, utc_ms: int) -> str:
        """Returns the time of day of a moment, beside the clock of the page that shows it."""
        return time_in_words(self.at(utc_ms), self.at(self._clock.utc_ms()))

    def clock(self, utc_ms: int) -> str:
        """Returns the time of day with the name of its zone, as a clock shows it."""
        at = self.at(utc_ms)
        return f"{at:%H:%M:%S} {zone_in_words(at)}"

    def today(self) -> date:
        """Returns the clinic's day now."""
        return self.settings.day_at(self._clock.utc_ms())

    def day_and_time(self, utc_ms: int) -> str:
        """Returns day and time of a moment to the minute, with the zone of then."""
        return minute_in_words(self.at(utc_ms))

    def moment(self, utc_ms: int) -> str:
        """Returns the same to the second."""
        return moment_in_words(self.at(utc_ms))

    def now(self) -> str:
        """Returns the time of day now."""
        return self.time(self._clock.utc_ms())

    def force(self, force_n: float | None) -> str:
        """Returns a force in the clinic's unit."""
        return self.wording.force(force_n)

    def sentence(self, text: str) -> str:
        """Returns a sentence for a page: forces in the clinic's unit, pages instead of commands."""
        return on_a_page(self.told(text))

    def told(self, text: str) -> str:
        """Returns the same with people's texts in it, whose commands are not the program's."""
        return end_in_words(self.settings.unit_of_force.in_sentence(text))

"""The trouble with the certificate, checked once an hour and shown on every page."""

from __future__ import annotations

from typing import Final

from controller.ports import Clock
from workstation.certificate import certificate_trouble
from workstation.console.clinic_words import ClinicWords

LOOKED_EVERY_MS: Final = 3_600_000


class KeptCertificate:
    """``file`` is the setting; "" where there is none."""

    def __init__(self, file: str, words: ClinicWords, clock: Clock) -> None:
        self._file, self._words, self._clock = file, words, clock
        self._hour: int | None = None
        self._trouble = ""

    def trouble(self) -> str:
        """Returns it as a sentence; "" where there is none."""
        utc_ms = self._clock.utc_ms()
        if utc_ms // LOOKED_EVERY_MS != self._hour:
            found = certificate_trouble(self._file, utc_ms, self._words.settings.day_at)
            self._hour, self._trouble = (
                utc_ms // LOOKED_EVERY_MS,
                f"{found[:1].upper()}{found[1:]}",
            )
        return self._trouble

"""The trouble with the certificate, checked once a day and shown on every page."""

from __future__ import annotations

from datetime import date

from workstation.certificate import certificate_trouble
from workstation.console.clinic_words import ClinicWords


class KeptCertificate:
    """``file`` is the setting; "" where there is none."""

    def __init__(self, file: str, words: ClinicWords) -> None:
        self._file, self._words = file, words
        self._day: date | None = None
        self._trouble = ""

    def trouble(self) -> str:
        """Returns it as a sentence; "" where there is none."""
        day = self._words.today()
        if day != self._day:
            found = certificate_trouble(self._file, day)
            self._day, self._trouble = day, f"{found[:1].upper()}{found[1:]}"
        return self._trouble

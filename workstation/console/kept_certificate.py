"""What there is to do about the certificate, looked at once a day: every page tells it."""

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
        """As a sentence; "" where there is none."""
        day = self._words.today()
        if day != self._day:
            found = certificate_trouble(self._file, day)
            self._day, self._trouble = day, f"{found[:1].upper()}{found[1:]}"
        return self._trouble

"""The check digit of a National Provider Identifier."""

from __future__ import annotations

PREFIX_SUM = 24
"""What the prefix 80840 adds to the Luhn sum of every NPI (CMS, NPI check digit)."""


def npi_is_sound(npi: str) -> bool:
    """Returns True for ten digits with a valid check digit (Luhn over 80840 and the number)."""
    if len(npi) != 10 or not (npi.isascii() and npi.isdigit()):
        return False
    total = PREFIX_SUM
    for place, digit in enumerate(int(character) for character in npi):
        doubled = digit * 2 if place % 2 == 0 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0

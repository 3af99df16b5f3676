"""What runs out on a day, in words, from some days before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from cryptography import x509


def due_on(what: str, last_day: str, day: date, soon_days: int) -> Iterator[str]:
    """That something is due by a day (YYYY-MM-DD); nothing before that, and of what is no day."""
    try:
        left = (date.fromisoformat(last_day) - day).days
    except ValueError:
        return
    if left < 0:
        yield f"{what} was due on {last_day}: have it done before the next session"
    elif left <= soon_days:
        yield f"{what} due in {_days(left)}, on {last_day}"


def certificate_due(file: str, day: date, soon_days: int) -> tuple[str, ...]:
    """The same of the station's certificate; nothing where none is set."""
    if not file:
        return ()
    try:
        certificate = x509.load_pem_x509_certificate(Path(file).read_bytes())
    except (OSError, ValueError) as error:
        return (f"The station's certificate {file} cannot be read ({error}): look at it",)
    last_day = certificate.not_valid_after_utc.date().isoformat()
    return tuple(due_on("The station's certificate", last_day, day, soon_days))


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"

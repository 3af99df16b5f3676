"""The form of values in the texts of a note: each is written and read here and nowhere else.

Drafts and signed versions keep these texts, so their form never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

MOST_DIGITS = 9
_CONFIRMED = "confirmed from session "
_SINCE = ", unchanged since "


def codes_text(codes: Iterable[str]) -> str:
    """Returns diagnoses as a note shows them."""
    return ", ".join(codes)


def codes_in(text: str | None) -> tuple[str, ...]:
    """Returns the diagnoses of a field; none when it is open."""
    return tuple(code.strip() for code in (text or "").split(",") if code.strip())


def number_text(number: int) -> str:
    """Returns a whole number as a note keeps it."""
    return str(number)


def number_in(text: str | None) -> int | None:
    """Returns the whole number of a field.

    None when it is open or anything but up to 9 digits.
    """
    if text is None or len(text) > MOST_DIGITS or not (text.isascii() and text.isdecimal()):
        return None
    return int(text)


def moment_text(moment: datetime) -> str:
    """Returns local time with its offset."""
    return moment.isoformat(" ")


def moment_in(text: str | None) -> datetime | None:
    """Returns the moment of a field.

    None when it is open or anything but a time with its offset.
    """
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.utcoffset() is not None else None


def entered_text(by: str, moment: datetime) -> str:
    """Returns who entered a sheet, and when."""
    return f"{by}, {moment_text(moment)}"


def with_its_moment(text: str, tell: Callable[[datetime], str]) -> str:
    """Returns a text with the moment at its end in another form; unchanged without a moment."""
    before, comma, at = text.rpartition(", ")
    moment = moment_in(at)
    return text if moment is None else f"{before}{comma}{tell(moment)}"


def proposed_from(session_id: str) -> str:
    """Returns the source of a last visit's entry that waits to be confirmed."""
    return f"proposed from session {session_id}, not confirmed"


def confirmed_from(session_id: str, since: str = "") -> str:
    """Returns the source of a last visit's entry that a person confirmed.

    ``since`` is the day since which it is unchanged; "" where that is not known.
    """
    unchanged = f"{_SINCE}{since}" if since else ""
    return f"{_CONFIRMED}{session_id}{unchanged}"


def unchanged_since(source: str) -> str:
    """Returns the day since which a confirmed entry is unchanged; "" for others, in old notes."""
    confirmed, since, day = source.partition(_SINCE)
    return day if since and confirmed.startswith(_CONFIRMED) else ""

"""PINs and passwords: which are accepted, and how they are stored.

Stored is the result of Argon2id, with the minimum of OWASP's Password Storage Cheat Sheet: 19 MiB,
two passes and one lane, a tenth of a second. The library's defaults take four threads and 64 MiB,
beside a loop that drives a table. One is computed at a time, at the lowest priority.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from controller.errors import RequestRefused
from controller.words import fault_of

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST_DIGITS: Final = 6
LEAST_CHARACTERS: Final = 8
"""Of a password, which is not only digits."""
MOST_CHARACTERS: Final = 128
MEMORY_KIB: Final = 19_456
PASSES: Final = 2
LANES: Final = 1
_LEAST_DIFFERENT = 3
_LONGEST_PERIOD = 3
_NICE = 10
_YEAR, _MONTH, _DAY = "(?:19|20)[0-9]{2}", "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_DAYS = (_YEAR + _MONTH + _DAY, _DAY + _MONTH + _YEAR, _MONTH + _DAY + _YEAR)
_OFTEN_CHOSEN = frozenset(
    {"password", "passwort", "traction", "letmein1", "qwertyui", "qwertzui", "iloveyou", "welcome1"}
)
"""Common words of eight letters that are guessed first; as the beginning of a longer one too."""


def refuse_weak(secret: str, names: Iterable[str] = ()) -> None:
    """Refuse a PIN or a password that is easy to guess; raises RequestRefused.

    ``names`` are words that others know of the person. No message contains what was typed.
    """
    if fault := _fault(secret, [name.casefold() for name in names if len(name) > 1]):
        raise RequestRefused(
            f"this PIN {fault}; take {LEAST_DIGITS} digits or more without a pattern, or a "
            f"password of {LEAST_CHARACTERS} characters or more"
        )


def _fault(secret: str, names: list[str]) -> str:
    if fault := fault_of(secret, MOST_CHARACTERS):
        return fault
    digits = secret.isascii() and secret.isdecimal()
    least = LEAST_DIGITS if digits else LEAST_CHARACTERS
    if len(secret) < least:
        return f"is too short ({len(secret)} of {least})"
    if len(set(secret)) < _LEAST_DIFFERENT:
        return f"has fewer than {_LEAST_DIFFERENT} different characters"
    if _is_counted(secret):
        return "counts up or down"
    if _repeats(secret):
        return "repeats itself"
    if digits and _is_a_day(secret):
        return "is a date"
    said = secret.casefold()
    if any(word in said for word in _OFTEN_CHOSEN) or any(name == said for name in names):
        return "is one of the first that are guessed"
    return ""


def _is_counted(secret: str) -> bool:
    """Returns True for 345678, 987654, 2468 and the like: equal steps between characters."""
    steps = {ord(after) - ord(before) for before, after in pairwise(secret)}
    if secret.isdecimal():
        steps = {(int(b) - int(a)) % 10 for a, b in pairwise(secret)}
    return len(steps) == 1


def _repeats(secret: str) -> bool:
    return any(
        secret == (secret[:period] * len(secret))[: len(secret)]
        for period in range(1, _LONGEST_PERIOD + 1)
    )


def _is_a_day(digits: str) -> bool:
    """Returns True for YYYYMMDD, DDMMYYYY and MMDDYYYY of this century or the last."""
    return any(re.fullmatch(shape, digits) for shape in _DAYS)


def hashed(secret: str) -> str:
    """Returns what is stored of it: Argon2id with its parameters and a salt of its own."""
    return _ONE_AT_A_TIME.submit(lambda: _hasher().hash(secret)).result()


def matches(kept: str, secret: str) -> bool:
    """Returns whether it is the stored one."""
    return _ONE_AT_A_TIME.submit(_matches, kept, secret).result()


def _matches(kept: str, secret: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return _hasher().verify(kept, secret)
    except (VerificationError, InvalidHashError):
        return False


def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)


def _behind_everything() -> None:
    if hasattr(os, "setpriority"):  # Linux has a nice value for each thread
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


_ONE_AT_A_TIME = ThreadPoolExecutor(max_workers=1, initializer=_behind_everything)

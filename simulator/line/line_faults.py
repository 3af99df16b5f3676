"""Faults of requests and answers on their way (fault-script.md)."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random


class LineFaults:
    """Each fault acts on what follows it; ``done`` counts its changes."""

    def __init__(self) -> None:
        self.done = 0
        self._requests_to_lose = 0
        self._spoil: Callable[[bytes, float], bytes] | None = None
        self._late_s = 0.0
        self._kept = b""

    def spoil(self, answer: bytes, now_s: float) -> tuple[float, bytes]:
        """Seconds of delay and the bytes that arrive instead of ``answer``."""
        if not answer or (self._spoil is None and not self._late_s):
            return 0.0, answer
        spoiled = answer if self._spoil is None else self._spoil(answer, now_s)
        self.done += spoiled != answer or self._late_s > 0.0
        return self._late_s, spoiled

    def loses_request(self) -> bool:
        """Asked once for each request: True when it does not arrive at the unit."""
        if not self._requests_to_lose:
            return False
        self._requests_to_lose -= 1
        self.done += 1
        return True

    def lose_requests(self, count: int) -> None:
        """The next ``count`` requests never arrive: the unit does not do what they order."""
        self._requests_to_lose = count

    def drop(self, until_s: float = math.inf) -> None:
        """Silence until the host's time ``until_s``."""
        self._spoil = lambda answer, now_s: b"" if now_s < until_s else answer

    def loss(self, share: float, random: Random) -> None:
        """This share of the answers is lost."""
        self._spoil = lambda answer, now_s: b"" if random.random() < share else answer

    def crc(self, share: float, random: Random) -> None:
        """This share of the answers arrives with one bit turned."""
        self._spoil = lambda answer, now_s: (
            answer[:-1] + bytes([answer[-1] ^ 1]) if random.random() < share else answer
        )

    def garble(self) -> None:
        """Every answer becomes other bytes of the same length."""
        self._spoil = lambda answer, now_s: bytes(byte ^ 0x5A for byte in answer)

    def delay(self, late_s: float) -> None:
        """Every answer comes so much later."""
        self._late_s = late_s

    def by(self, change: Callable[[bytes, float], bytes]) -> None:
        """Every answer becomes what ``change`` makes of it and of the host's time."""
        self._spoil = change

    def swap_answers(self) -> None:
        """Every answer of the tick's length is the one of the request before."""

        def swap(answer: bytes, now_s: float) -> bytes:
            kept, self._kept = self._kept, answer
            return kept if len(kept) == len(answer) else answer

        self._spoil = swap

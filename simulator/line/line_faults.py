"""Faults of requests and answers in transit (fault-script.md)."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random


class LineFaults:
    """Each fault affects what follows it; ``done`` counts its changes."""

    def __init__(self) -> None:
        self.done = 0
        self._requests_to_lose = 0
        self._spoil: Callable[[bytes, float], bytes] | None = None
        self._late_s = 0.0
        self._kept = b""

    def spoil(self, answer: bytes, now_s: float) -> tuple[float, bytes]:
        """Returns the delay in seconds and the bytes that arrive instead of ``answer``."""
        if not answer or (self._spoil is None and not self._late_s):
            return 0.0, answer
        spoiled = answer if self._spoil is None else self._spoil(answer, now_s)
        self.done += spoiled != answer or self._late_s > 0.0
        return self._late_s, spoiled

    def loses_request(self) -> bool:
        """Called once for each request; True if it does not arrive at the unit."""
        if not self._requests_to_lose:
            return False
        self._requests_to_lose -= 1
        self.done += 1
        return True

    def lose_requests(self, count: int) -> None:
        """Lose the next ``count`` requests: the unit does not carry them out."""
        self._requests_to_lose = count

    def drop(self, until_s: float = math.inf) -> None:
        """Lose all answers until the host's time ``until_s``."""
        self._spoil = lambda answer, now_s: b"" if now_s < until_s else answer

    def loss(self, share: float, random: Random) -> None:
        """Lose this share of the answers."""
        self._spoil = lambda answer, now_s: b"" if random.random() < share else answer

    def crc(self, share: float, random: Random) -> None:
        """Flip one bit in this share of the answers."""
        self._spoil = lambda answer, now_s: (
            answer[:-1] + bytes([answer[-1] ^ 1]) if random.random() < share else answer
        )

    def garble(self) -> None:
        """Replace every answer by other bytes of the same length."""
        self._spoil = lambda answer, now_s: bytes(byte ^ 0x5A for byte in answer)

    def delay(self, late_s: float) -> None:
        """Delay every answer by ``late_s``."""
        self._late_s = late_s

    def by(self, change: Callable[[bytes, float], bytes]) -> None:
        """Replace every answer by the result of ``change`` for it and the host's time."""
        self._spoil = change

    def swap_answers(self) -> None:
        """Replace every answer of the tick's length by the previous request's."""

        def swap(answer: bytes, now_s: float) -> bytes:
            kept, self._kept = self._kept, answer
            return kept if len(kept) == len(answer) else answer

        self._spoil = swap

"""When to restart a process that has ended. Standard library only."""

from __future__ import annotations

from typing import Final

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 30.0
IN_A_SESSION_S: Final = 2.0
"""A patient may be on the table, and a screen that says so is worth the attempts."""
HEALTHY_S: Final = 30.0


class Restarts:
    """At once, then after 1, 2, 4 ... 30 s; from the start again after a run of 30 s."""

    def __init__(self) -> None:
        self._wait_s = 0.0

    def wait_s(self, ran_s: float, *, in_session: bool = False) -> float:
        """Returns how long to wait after a process that ran for ``ran_s``, perhaps in a session."""
        if ran_s > HEALTHY_S:
            self._wait_s = 0.0
        wait_s = self._wait_s
        self._wait_s = min(max(FIRST_WAIT_S, 2 * wait_s), LONGEST_WAIT_S)
        return min(wait_s, IN_A_SESSION_S) if in_session else wait_s

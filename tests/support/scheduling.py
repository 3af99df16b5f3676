"""Simulates the scheduling of a thread by the system; the test's own is unchanged."""

from __future__ import annotations

import os

from pytest_mock import MockerFixture


class Scheduler:
    """Replaces the calls of ``os``; ``refuses`` makes it act as a system without rights."""

    def __init__(self, mocker: MockerFixture) -> None:
        mocker.patch.object(os, "sched_getscheduler", side_effect=self._policy_of)
        mocker.patch.object(os, "sched_setscheduler", side_effect=self._take)
        self.policy = os.SCHED_OTHER
        self.priority = 0
        self.refuses = False

    @property
    def is_real_time(self) -> bool:
        """True while the thread runs before every ordinary one."""
        return self.policy & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO

    def _policy_of(self, process_id: int) -> int:
        return self.policy

    def _take(self, process_id: int, policy: int, param: os.sched_param) -> None:
        if self.refuses:
            raise PermissionError(1, "not permitted")
        self.policy, self.priority = policy, param.sched_priority

"""The scheduling of a thread as the system would keep it; the test's own stays as it is."""

from __future__ import annotations

import os

from pytest_mock import MockerFixture


class Scheduler:
    """Stands in for the calls of ``os``; ``refuses`` as a system without rights does."""

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

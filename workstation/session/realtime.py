"""Requests the operating system's means against lateness for the control process.

Real-time scheduling is the only setting with a large measured effect on a busy machine; locked
memory and a frozen collector are cheap insurance. None of it is needed for safety: the supervisor
notices a late loop and releases.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

PRIORITY = 50
"""In the middle of 1-99: above every ordinary program, below the kernel's own threads."""
BEHIND_PRIORITY = PRIORITY - 1
"""Of the threads that work for the loop at each tick; the right to the higher one includes it."""
OBJECTS_PER_COLLECTION = 700
"""Python's default: many short collections of a tick's garbage instead of a few long ones."""
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
"""ONFAULT: pages in memory stay there, and pages that nobody touches (libraries map ten times as
much as a session uses) are not loaded for it.
"""

if sys.platform == "linux":
    _FIRST = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
    _ORDINARY = os.SCHED_OTHER | os.SCHED_RESET_ON_FORK
    """The flag stays: without rights of its own a process may come back to real-time scheduling,
    and may not take that flag away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeRights:
    """Empty texts mean granted; otherwise the reason for the refusal."""

    scheduling_refused: str
    memory_refused: str

    @property
    def granted(self) -> bool:
        """True when the loop's thread runs before every ordinary program."""
        return not self.scheduling_refused

    def __str__(self) -> str:
        scheduling = self.scheduling_refused or f"FIFO, priority {PRIORITY}"
        memory = self.memory_refused or "locked"
        return f"real-time scheduling: {scheduling}; memory: {memory}; collector: frozen"


def take_realtime_rights() -> RealtimeRights:
    """Request all of it for the calling thread; refusals are returned, never raised.

    Threads and processes that this one starts later run as ordinary ones again.
    """
    collect_often()
    memory_refused = (
        _lock_memory()
    )  # milliseconds, which the loops of other units need not wait for
    return RealtimeRights(scheduling_refused=_take_scheduling(), memory_refused=memory_refused)


def run_behind_the_loop(report: Callable[[str], None], thread: Thread) -> None:
    """Let a thread that runs go before ordinary programs, and behind the loops of all units.

    For the threads that the loop gives work at each tick, and nobody else. They hold Python's lock
    for a moment each time: without processor they would keep it, and the loop would wait for them.
    Where the main thread, which drives, has no real-time scheduling, it stays ordinary.
    ``report`` is told what the system refuses.
    """
    if sys.platform != "linux":
        return
    if not os.sched_getscheduler(os.getpid()) & os.SCHED_RESET_ON_FORK:
        return
    assert thread.native_id is not None
    if refused := _take_scheduling(BEHIND_PRIORITY, thread.native_id):
        report(f"real-time scheduling of a thread beside the loop: {refused}")


@contextmanager
def as_ordinary_work(report: Callable[[str], None]) -> Iterator[None]:
    """Run the block at ordinary priority: the driving thread also checks and seals records.

    A thread without real-time scheduling is not changed. ``report`` is called where the system does
    not give it back after the block.
    """
    if sys.platform != "linux" or os.sched_getscheduler(0) != _FIRST:
        yield
        return
    os.sched_setscheduler(0, _ORDINARY, os.sched_param(0))
    try:
        yield
    finally:
        if refused := _take_scheduling():
            report(f"real-time scheduling: {refused}")


def collect_often() -> None:
    """Collect often from now on, without examining the objects that exist already."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_PER_COLLECTION)


def _take_scheduling(priority: int = PRIORITY, thread_id: int = 0) -> str:
    if sys.platform != "linux":
        return f"not offered by this program on {sys.platform}"
    try:
        os.sched_setscheduler(thread_id, _FIRST, os.sched_param(priority))
    except OSError as error:
        return f"refused ({error.strerror}); grant it with ulimit -r {PRIORITY}"
    return ""


def _lock_memory() -> str:
    if sys.platform != "linux":
        return f"not offered by this program on {sys.platform}"
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if limit != resource.RLIM_INFINITY and os.geteuid() != 0:
        # A limit that covers today's memory would refuse more of it in the middle of a session.
        return f"not locked (limit {limit} bytes); grant it with ulimit -l unlimited"
    library = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
    if library.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT):
        return f"not locked ({os.strerror(ctypes.get_errno())}); grant it with ulimit -l unlimited"
    return ""

"""A watched child beyond what its two users show: a stop, and a start afterwards."""

from __future__ import annotations

import sys

from tests.support.real_time import runs, wait_until
from workstation.watched_child import WatchedChild

ENDS = (sys.executable, "-c", "raise SystemExit(7)")
STAYS = (sys.executable, "-c", "import time; print('well', flush=True); time.sleep(600)")


def waiting(child: WatchedChild[bytes], now_s: float) -> bool:
    child.keep_up(now_s)
    return child.process_id is None


def test_a_stop_forgets_the_waits_between_starts() -> None:
    child = WatchedChild(ENDS, bytes)
    wait_until(lambda: waiting(child, 0.0), "the wait behind the second end")
    assert child.why == "its process ended (status 7)"
    child.stop()
    assert child.why == ""
    child.keep_up(0.0)
    assert child.process_id is not None
    child.close()


def test_a_stop_ends_the_child_without_its_help_and_twice_is_once() -> None:
    child = WatchedChild(STAYS, bytes)
    child.keep_up(0.0)
    wait_until(lambda: child.word == b"well\n", "its word")
    process = child.process_id
    assert process is not None
    child.stop()
    child.stop()
    assert (child.process_id, child.word) == (None, None)
    child.close()
    assert not runs(process)

"""The process that keeps the system awake, from its start to the end of its input.

    python -m workstation.awake.keeper

Once a second it reports on standard output, as JSON, what it holds and what was refused. On Linux
it holds a lock of logind through `systemd-inhibit`, on Windows the execution state of its own
thread; both end with this process, however it ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Final, TextIO

from controller.runtime.clock import SystemClock
from workstation.awake.wording import ALIVE_EVERY_S, AwakeWord

REASON: Final = "a traction treatment is running"
WITH_LID, WITHOUT_LID = "shutdown:sleep:idle:handle-lid-switch", "sleep:idle"
DENIED: Final = "Access denied"
WITHOUT_LOGIN: Final = (
    "; an account that is not logged in needs the rule packaging/traction-polkit.rules "
    "(docs/reference/staying-awake.md)"
)
LID_OPEN: Final = "closing the lid may still put it to sleep"
ES_CONTINUOUS, ES_SYSTEM_REQUIRED = 0x80000000, 0x00000001
"""SetThreadExecutionState: from now on, and no sleep because nobody uses the computer."""
FIRST_S: Final = 2.0
"""How long logind may take to answer."""
AGAIN_S: Final = 30.0
"""Interval at which a refused request is repeated."""


class Refused(Exception):
    """Raised when the system may fall asleep; says why."""


class LogindLock:
    """A lock of logind, held by a child process that ends when its input does.

    The child echoes a line: once the echo arrives, systemd-inhibit has the lock and runs the child.
    """

    def __init__(self, what: str) -> None:
        command = ["systemd-inhibit", f"--what={what}", "--who=traction", f"--why={REASON}"]
        self._process = subprocess.Popen(
            [*command, "--mode=block", "cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._given = False

    def check(self) -> None:
        """Raises Refused when the lock was not given, or is lost."""
        if self._is_given() and self._process.poll() is None:
            return
        said = self._end()
        raise Refused(f"logind refused it ({said}){WITHOUT_LOGIN if DENIED in said else ''}")

    def _is_given(self) -> bool:
        """Returns True once the line came back.

        A logind that does not answer is given up after ``FIRST_S``.
        """
        if self._given:
            return True
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        impatient = threading.Timer(FIRST_S, process.kill)
        impatient.start()
        try:
            process.stdin.write(b"held\n")
            process.stdin.flush()
            self._given = process.stdout.readline() != b""
        except OSError:
            return False
        finally:
            impatient.cancel()
        return self._given

    def _end(self) -> str:
        """End it; returns its message, else how it ended."""
        process = self._process
        process.kill()
        _, said = process.communicate()
        first = said.decode("utf-8", "replace").partition("\n")[0].strip()
        return first or ("no answer" if process.returncode < 0 else f"status {process.returncode}")


def keep_linux_awake() -> tuple[Callable[[], None], str]:
    """Take the strongest lock that is granted; returns how to check it, and what it is."""
    try:
        with_lid = LogindLock(WITH_LID)
        with_lid.check()
    except OSError as error:
        raise Refused(f"systemd-inhibit cannot be started ({error.strerror})") from error
    except Refused:
        without = LogindLock(WITHOUT_LID)
        without.check()
        return without.check, f"sleep and idle are inhibited, but not a restart; {LID_OPEN}"
    return with_lid.check, "shutdown, sleep, idle and the lid's switch are inhibited"


def keep_windows_awake() -> tuple[Callable[[], None], str]:
    """Ask for an execution state without sleep; it ends with the thread that asked."""
    if sys.platform != "win32":
        raise Refused("this is not Windows")
    import ctypes

    if not ctypes.windll.kernel32.SetThreadExecutionState(ES_CONTINUOUS | ES_SYSTEM_REQUIRED):
        raise Refused("Windows refused it")
    return (lambda: None), f"sleep by idleness is inhibited; {LID_OPEN}"


def keep_awake() -> tuple[Callable[[], None], str]:
    """Keep the system awake by its own means; raises Refused."""
    if sys.platform == "linux":
        return keep_linux_awake()
    if sys.platform == "win32":
        return keep_windows_awake()
    raise Refused(f"staying awake is not supported on {sys.platform}")


def run(out: TextIO, clock: SystemClock) -> None:
    """Hold the lock and report; repeat a refused request, because people may correct the cause."""
    held: Callable[[], None] | None = None
    text, ask_at_s = "", clock.now_s()
    print(AwakeWord(awake=False, text=text).line(), file=out, flush=True)  # alive, and requesting
    while True:
        try:
            if held is None and clock.now_s() >= ask_at_s:
                ask_at_s = clock.now_s() + AGAIN_S
                held, text = keep_awake()
            if held is not None:
                held()
        except Refused as refusal:
            held, text = None, str(refusal)
        print(AwakeWord(awake=held is not None, text=text).line(), file=out, flush=True)
        clock.sleep_until(clock.now_s() + ALIVE_EVERY_S)


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    """Keep the system awake until the input ends."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        run(sys.stdout, SystemClock())
    except BrokenPipeError:
        os._exit(0)  # nobody listens any more


if __name__ == "__main__":
    main()

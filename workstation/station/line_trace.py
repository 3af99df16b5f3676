"""Captures the bytes of a unit's line in a file for a while when somebody asks for them.

The process that drives a unit receives all bytes of its line. That costs nothing until a trace is
begun, and a trace ends by itself. The file is a capture, which `traction replay` reads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from controller.errors import RequestRefused
from controller.ports import Clock
from firmware_bridge.line.capture import CaptureHead, CaptureWriter
from firmware_bridge.line.line import Direction
from records.store.private_files import create_new
from workstation.station.place import ChannelPlace

TRACE_S: Final = 600.0
"""How long the bytes are captured."""
MOST_FILES: Final = 10
"""Of one unit; the oldest goes when another one begins."""
SUFFIX: Final = ".capture"


class LineTrace:
    """A ``Capture`` of every connection of one unit; ``digest`` is the digest of its profile."""

    def __init__(
        self,
        place: ChannelPlace,
        address: str,
        digest: str,
        clock: Clock,
        report: Callable[[str], None],
    ) -> None:
        self._place = place
        self._address = address
        self._digest = digest
        self._clock = clock
        self._report = report
        self._lock = threading.Lock()
        self._writer: CaptureWriter | None = None
        self._file = Path()

    def __call__(self, at_s: float, direction: Direction, data: bytes) -> None:
        """Keep a chunk while a trace runs; never waits."""
        if (writer := self._writer) is not None:
            writer(at_s, direction, data)

    def begin(self, by: str) -> Path:
        """Capture from now on; returns the file, also of a trace that already runs.

        Raises RequestRefused when the file cannot be made. May wait for the disk.
        """
        with self._lock:
            if self._writer is None:
                self._begin()
                self._report(f"bytes of the line are kept in {self._file} for {by}")
                threading.Thread(target=self._end_in_time, daemon=True).start()
            return self._file

    def end(self) -> None:
        """End a running trace, and report whether its file is complete."""
        with self._lock:
            writer, self._writer = self._writer, None
            if writer is None:
                return
            trouble = writer.close()
            state = f"is not whole: {trouble}" if trouble else "is whole"
            self._report(f"the capture {self._file} {state}")

    def _begin(self) -> None:
        head = CaptureHead.of(self._address, self._digest, self._clock)
        moment = datetime.fromtimestamp(self._clock.utc_ms() / 1000, UTC)
        self._file = self._place.folder / f"{self._place.stem}-{moment:%Y%m%dT%H%M%SZ}{SUFFIX}"
        self._remove_oldest()
        try:
            descriptor = create_new(self._file)
        except OSError as error:
            raise RequestRefused(
                f"the capture {self._file} cannot be made ({error.strerror}); make room on the disk"
            ) from error
        self._writer = CaptureWriter(os.fdopen(descriptor, "wb"), head, self._clock)

    def _remove_oldest(self) -> None:
        found = sorted(self._place.folder.glob(f"{self._place.stem}-*{SUFFIX}"))
        for path in found[: max(0, len(found) - MOST_FILES + 1)]:
            with suppress(OSError):  # it is in use elsewhere: then one more file remains
                path.unlink()

    def _end_in_time(self) -> None:
        self._clock.sleep_until(self._clock.now_s() + TRACE_S)
        self.end()

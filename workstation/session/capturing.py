"""A capture of a session's line: its file, and the message about it at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.errors import RequestRefused
from controller.ports import Clock
from firmware_bridge.line.capture import CaptureHead, CaptureWriter
from records.store.private_files import create_new


@contextmanager
def captured(
    path: Path | None, uri: str, digest: str, clock: Clock, say: Callable[[str], None]
) -> Iterator[CaptureWriter | None]:
    """Write everything that goes over the line to a new private file; None: without a capture.

    ``digest`` is the digest of the profile of the device at ``uri``. Raises AddressInvalid, and
    RequestRefused for a file that exists or cannot be made. A later failure ends the capture only;
    ``say`` reports it when the session is over.
    """
    if path is None:
        yield None
        return
    head = CaptureHead.of(uri, digest, clock)
    try:
        descriptor = create_new(path)
    except FileExistsError as error:
        raise RequestRefused(
            f"--capture {path} already exists and is not overwritten; choose another name"
        ) from error
    except OSError as error:
        raise RequestRefused(
            f"--capture {path} cannot be made ({error.strerror}); choose another place"
        ) from error
    writer = CaptureWriter(os.fdopen(descriptor, "wb"), head, clock)
    try:
        yield writer
    finally:
        if trouble := writer.close():
            say(f"traction: capture {path} is incomplete: {trouble}; the session is not affected")

"""Which pages are open in which browser, and which of them are visible.

A page confirms from the events that it receives, never from a timer: a browser slows the timers of
a hidden page down, and a page that shows nothing must not count.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from controller.ports import Clock
from workstation.station.messages import MOST_PAGES, Heartbeat

CONFIRMED_S: Final = 5.0
"""A page that has confirmed within this time is live; it confirms every second."""
MOST_STREAMS: Final = 3
"""Of one browser: it opens no more than six connections to one address."""


class LiveStream:
    """The events of one page; only the newest frame waits for it.

    ``patients`` says whether the page may name them.
    """

    def __init__(self, browser: str, *, patients: bool) -> None:
        self.id = secrets.token_hex(8)
        self.browser, self.patients = browser, patients
        self._frame: bytes | None = None
        self._came = asyncio.Event()
        self.is_ended = False

    def show(self, frame: bytes) -> None:
        """Send it unless a newer one replaces it first."""
        self._frame = frame
        self._came.set()

    def end(self) -> None:
        """End it: another page of this browser has taken its place."""
        self.is_ended = True
        self._came.set()

    async def next(self) -> bytes | None:
        """Returns the newest frame once there is one; None at the end."""
        while not self.is_ended:
            await self._came.wait()
            self._came.clear()
            if self._frame is not None and not self.is_ended:
                frame, self._frame = self._frame, None
                return frame
        return None


class LivePages:
    """All streams of a console. Streams are opened and shown to by the event loop alone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._streams: list[LiveStream] = []
        self._confirmed_s: dict[str, float] = {}

    @property
    def is_watched(self) -> bool:
        """True while any page is open."""
        return bool(self._streams)

    @property
    def names_nobody(self) -> bool:
        """Returns True while a page is open that may name no patient."""
        return not all(each.patients for each in self._streams)

    @contextmanager
    def opened(
        self, browser: str, *, patients: bool = True, instead_of: str = ""
    ) -> Iterator[LiveStream]:
        """Returns a stream for a page; the oldest of the browser's ends where it has too many.

        ``instead_of`` is the id of the page's stream before: it ends first, as its connection may
        have died without a word.
        """
        stream = LiveStream(browser, patients=patients)
        own = [each for each in self._streams if each.browser == browser]
        others = [each for each in own if each.id != instead_of]
        replaced = [each for each in own if each.id == instead_of]
        for ended in (*replaced, *others[: max(0, len(others) - MOST_STREAMS + 1)]):
            ended.end()
            self._streams.remove(ended)
        self._streams.append(stream)
        try:
            yield stream
        finally:
            if stream in self._streams:
                self._streams.remove(stream)
            self._confirmed_s.pop(stream.id, None)

    def show(self, frame: bytes, unnamed: bytes = b"") -> None:
        """Show a frame to every page; ``unnamed`` is the same without patients."""
        for stream in self._streams:
            stream.show(frame if stream.patients else unnamed)

    def end_all(self) -> None:
        """End all streams, so that none delays the end of the console."""
        for stream in self._streams:
            stream.end()

    def confirm(self, stream_id: str) -> bool:
        """Note that a visible page has drawn a frame; returns False for an unknown stream."""
        if not any(each.id == stream_id for each in self._streams):
            return False
        self._confirmed_s[stream_id] = self._clock.now_s()
        return True

    def count(self) -> int:
        """Returns how many pages are visible."""
        since_s = self._clock.now_s() - CONFIRMED_S
        return sum(at_s >= since_s for at_s in [*self._confirmed_s.values()])

    def heartbeat(self) -> Heartbeat:
        """Returns what the units' programs are sent once a second."""
        return Heartbeat(live_pages=min(self.count(), MOST_PAGES))

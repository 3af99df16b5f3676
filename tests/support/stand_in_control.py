"""Stands in for the program that drives a unit: real messages, no unit, a release that takes 0.5 s.

    python -m tests.support.stand_in_control DATA STATE NAME

STATE is ``idle`` or ``session``. What happens is added to ``DATA/NAME.events``, one line each.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

from controller.runtime.clock import SystemClock
from controller.snapshot import Doing, Snapshot
from controller.telemetry import UnitState
from workstation.station.channel import ChannelListener, Peer
from workstation.station.messages import (
    VERSION,
    Announce,
    Followed,
    Heartbeat,
    Leave,
    OrderedStop,
    RequestOutcome,
    Welcome,
    encoded,
    to_control,
)
from workstation.station.place import ChannelPlace, station_folder

RELEASE_S = 0.5
CLOCK = SystemClock()


class StandIn:
    def __init__(self, data: Path, state: str, called: str) -> None:
        self.events = data / f"{called}.events"
        self.peers: list[Peer] = []
        self.in_session = state == "session"
        self.ordered: tuple[float, int] | None = None
        self.free = not self.in_session
        self.leaving = threading.Event()
        self.note(f"started {os.getpid()}")
        self.listener = ChannelListener(
            ChannelPlace(folder=station_folder(data), called=called),
            self.serve,
            encode=encoded,
            clock=CLOCK,
            report=self.note,
        )

    def note(self, text: str) -> None:
        with self.events.open("a") as events:
            events.write(f"{text}\n")

    @property
    def force_n(self) -> float:
        return 1.8 if self.free else 59.2

    def serve(self, peer: Peer) -> None:
        with suppress(EOFError):
            while True:
                content = peer.receive()
                assert content is not None
                self.heard(peer, to_control(content))

    def heard(self, peer: Peer, message: object) -> None:
        if isinstance(message, OrderedStop):
            self.note(f"stop {message.by}")
            peer.send(self.stopped(message))
        elif isinstance(message, Leave):
            self.note(f"leave {message.by}")
            self.leaving.set()
        elif isinstance(message, Announce):
            self.note(f"announce {message.text}")
        elif not isinstance(message, Heartbeat):
            peer.send(
                Welcome(version=VERSION, program="stand-in", unit="", unit_id="", session_id="")
            )
            self.peers.append(peer)

    def stopped(self, stop: OrderedStop) -> RequestOutcome:
        result = Followed.ALREADY if self.ordered else Followed.FOLLOWED
        if not self.in_session:
            result = Followed.NOTHING_OPEN
        elif not self.ordered:
            self.ordered = (CLOCK.now_s(), CLOCK.utc_ms())
        utc_ms = self.ordered[1] if self.ordered else CLOCK.utc_ms()
        return RequestOutcome(
            id=stop.id, result=result, reason="", utc_ms=utc_ms, force_n=self.force_n
        )

    def tick(self, number: int) -> None:
        if self.ordered and not self.free and CLOCK.now_s() - self.ordered[0] > RELEASE_S:
            self.free = True
            self.note("free")
        if self.free and self.leaving.is_set():
            self.in_session = False
        snapshot = Snapshot(
            number=number,
            utc_ms=CLOCK.utc_ms(),
            doing=Doing.SESSION if self.in_session else Doing.IDLE,
            phase="holding",
            force_n=self.force_n,
            unit_state=UnitState.IDLE if self.free else UnitState.HOLDING,
            reading_age_s=0.02,
        )
        for peer in self.peers:
            peer.show(snapshot)

    def run(self) -> None:
        number = 0
        while not (self.leaving.is_set() and self.free):
            number += 1
            self.tick(number)
            CLOCK.sleep_until(CLOCK.now_s() + 0.05)
        self.note("ended")
        self.listener.close()


if __name__ == "__main__":
    stand_in = StandIn(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
    signal.signal(signal.SIGTERM, lambda *_: stand_in.leaving.set())
    stand_in.run()

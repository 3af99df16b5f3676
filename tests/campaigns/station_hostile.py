"""The program of a unit beside somebody who sends it and the door what is none, all the time.

``python -m tests.campaigns.station_hostile FOLDER PORT`` is that somebody: strangers without the
key, a thousand connections, messages that are none or not now, foreign pages. It goes on until its
input ends, and then prints how often it did what.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

from controller.errors import StationUnreachable
from controller.questions import Question
from controller.requests import Pause
from records.evidence.reader import list_sessions
from tests.campaigns.process_beside import beside, end_of_input
from tests.campaigns.station_lab import STATIC, Station, load, station
from tests.campaigns.station_pairs import by_control
from tests.support.peers import STRANGERS, as_bytes, raw_connection
from tests.support.station_console import TABLE
from tests.support.stops import connect_and_say
from workstation.station.channel import connect_to
from workstation.station.messages import (
    VERSION,
    GivenAnswer,
    Hello,
    MadeRequest,
    PeerRole,
    Prepare,
    encoded,
)
from workstation.station.place import ChannelPlace

MANY = 1000
CONNECTIONS = "connections"
ANSWER_S = 1.0
ELSE = "a-session-of-yesterday"
BY = "M. Mallory"
WRONG = {
    "no JSON": b"{",
    "no object": b"[]",
    "unknown kind": b'{"kind":"drive"}',
    "unknown key": b'{"kind":"heartbeat","live_pages":0,"sounds":null,"more":1}',
    "newer version": b'{"kind":"hello","version":%d,"role":"console"}' % (VERSION + 1),
    "other session": encoded(MadeRequest(id="m-1", session_id=ELSE, request=Pause(by=BY))),
    "no question": encoded(
        GivenAnswer(
            id="m-2", session_id=ELSE, question=Question.START_TRACTION, accepted=True, by=BY
        )
    ),
    "a session runs": encoded(
        Prepare(id="m-3", session_id=ELSE, patient_key="00", order_digest="00", by=BY)
    ),
}
"""What somebody with the key may say; each is refused in a session."""
REFUSALS = ("a connection without the key", "a connection beyond", "elsewhere.example")
"""What the logs say of it."""
FOREIGN = {
    "forged host": b"POST /stop HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n",
    "foreign page": b"POST /stop HTTP/1.1\r\nOrigin: http://elsewhere.example\r\n\r\n",
}


def measure_hostile(count: int) -> dict[str, Any]:
    """``count`` pairs of sessions, one of each beside a hostile client, in alternating order."""
    order = STATIC.format(minutes=1)
    pairs: list[dict[str, Any]] = []
    done = Counter(dict.fromkeys([*STRANGERS, CONNECTIONS, *WRONG, *FOREIGN], 0))
    with TemporaryDirectory() as name, station(Path(name) / "data") as kept, kept.watched():
        for number in range(count):
            pair: dict[str, Any] = {"load": load()}
            for half in ("quiet", "hostile")[:: 1 if number % 2 == 0 else -1]:
                if half == "quiet":
                    pair[half] = by_control(kept, order)
                else:
                    pair[half] = by_control(kept, order, beside=somebody_hostile(kept, done))
            pairs.append(pair)
            print(f"pair {number + 1}: {json.dumps(pair)}", flush=True)
        outcomes = sorted(one.outcome for one in list_sessions(kept.records))
        said = _refusals(kept)
    return {"pairs": pairs, "done": done, "outcomes": outcomes, "lines": said}


def _refusals(kept: Station) -> list[str]:
    """Lines about it in the logs of program and station."""
    logs = kept.place().log.read_text(encoding="utf-8") + kept.log
    return [line for line in logs.splitlines() if any(each in line for each in REFUSALS)]


@contextmanager
def somebody_hostile(kept: Station, done: Counter[str]) -> Iterator[None]:
    """A process that is hostile while the block lasts; ``done`` counts its actions."""
    with beside("tests.campaigns.station_hostile", str(kept.folder), str(kept.port)) as said:
        yield
    done.update(said)


def be_hostile(place: ChannelPlace, port: int, ends: Event) -> Counter[str]:
    """Repeat all hostile actions; returns how often each was answered or let go."""
    done: Counter[str] = Counter()
    while not ends.is_set():
        for name, content in STRANGERS.items():
            with suppress(OSError), raw_connection(place) as stranger:
                stranger.sendall(content)
                done[name] += 1
        with ExitStack() as many:
            for _ in range(MANY):
                with suppress(OSError):
                    many.enter_context(raw_connection(place))
                    done[CONNECTIONS] += 1
        done.update(refused_to_a_peer(place))
        for name, request in FOREIGN.items():
            with suppress(OSError):
                connect_and_say(port, request)
                done[name] += 1
    return done


def refused_to_a_peer(place: ChannelPlace) -> Counter[str]:
    """The members of ``WRONG`` that were answered; none where all connections are taken."""
    try:
        peer = connect_to(place, encode=as_bytes)
    except StationUnreachable:
        return Counter()
    refused: Counter[str] = Counter()
    try:
        peer.send(encoded(Hello(version=VERSION, role=PeerRole.CONSOLE)))
        for name, content in WRONG.items():
            peer.send(content)
            while (answer := peer.receive(ANSWER_S)) is not None:
                if b"refused" in answer:
                    refused[name] += 1
                    break
    except EOFError:
        pass
    finally:
        peer.close()
    return refused


def main(folder: str, port: str) -> None:
    """Be hostile until the input ends."""
    place = ChannelPlace(folder=Path(folder), called=TABLE)
    print(json.dumps(be_hostile(place, int(port), end_of_input())))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The campaign of the station: its tap tells a release, its page tells what was missed."""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import closing
from copy import deepcopy
from io import StringIO
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from rich.console import Console

from controller.runtime.clock import SystemClock, VirtualClock
from tests.campaigns.station_hostile import WRONG, refused_to_a_peer
from tests.campaigns.station_page import page, verdicts
from tests.campaigns.station_pairs import pairs_table
from tests.campaigns.station_reference import ticked
from tests.campaigns.station_stops import situations
from tests.support.real_time import processor_s, wait_until
from tests.support.wire_tap import frames, releases
from workstation.station.channel import ChannelListener, connect_to
from workstation.station.control_desk import ControlDesk
from workstation.station.messages import VERSION, Hello, PeerRole, Prepare, encoded
from workstation.station.place import ChannelPlace, station_folder

ABOUT = {"commit": "0123456789ab", "day": "2026-11-29", "load": "0.1 on 2 cores"}
HALF = {
    "p99_ms": 0.3,
    "max_ms": 1.0,
    "missed": 0,
    "processor_s": 1.0,
    "peak_mb": 80.0,
    "connections": 3,
}
REFERENCE = {"ticks": 1200, "missed": 0}
SPREAD = {"n": 100, "p50_ms": 50, "p99_ms": 51, "max_ms": 52, "missed": 0}
FIGURES: dict[str, dict[str, Any]] = {
    "losses": {
        **ABOUT,
        "kills": 10,
        "spacing_s": 30.0,
        "losses": 22,
        "faults": [],
        "near": SPREAD,
        "far": SPREAD,
        "released_after_s": 15.1,
        "reason": "console is gone",
    },
    "killed": {
        **ABOUT,
        "rounds": [
            {
                "free_s": 0.7,
                "highest_behind_n": 19.0,
                "told": True,
                "outcome": "interrupted",
                "started_anew": True,
            }
        ],
    },
    "stops": {
        **ABOUT,
        "lanes": 4,
        "trials": [
            {
                "situation": "holding",
                "page": "STOP was ordered at",
                "to_wire_ms": 40.0,
                "exchange_ms": 3.0,
                "faults": [],
            }
        ],
    },
    "pairs": {
        **ABOUT,
        "pairs": [{"run": HALF, "control": {**HALF, "processor_s": 0.5}, "load": "0.1 on 2"}],
    },
    "beside": {
        **ABOUT,
        "minutes": 5,
        "runs": [
            {"sessions": [HALF] * count, "load": "0.1 on 2", "reference": REFERENCE}
            for count in (1, 4, 1)
        ],
    },
    "hostile": {
        **ABOUT,
        "pairs": [{"quiet": HALF, "hostile": HALF, "load": "0.1 on 2"}],
        "done": {"connections": 1000, "no JSON": 1},
        "outcomes": ["completed", "completed"],
        "lines": ["Table 1: a connection beyond 24 was refused"],
    },
}


def adu(pdu: str) -> bytes:
    body = b"\x01" + bytes.fromhex(pdu)
    return b"\x00\x01\x00\x00" + len(body).to_bytes(2) + body


def order(mode: int) -> str:
    """The eight registers of the command block."""
    return f"0102030400 07{mode:04x}" + "0000" * 4


@pytest.mark.parametrize(("mode", "expected"), [(1, True), (5, True), (6, True), (2, False)])
def test_a_release_is_told_from_other_orders(mode: int, expected: bool) -> None:
    assert releases(adu("10 0200 0008 10" + order(mode))) is expected
    assert releases(adu("17 0100 0010 0200 0008 10" + order(mode))) is expected


def test_reads_and_other_blocks_are_no_release() -> None:
    assert not releases(adu("03 0200 0008"))
    assert not releases(adu("10 0300 0008 10" + order(1)))


def test_requests_are_told_however_they_are_cut() -> None:
    received = bytearray()
    whole = [adu("03 0200 0008"), adu("10 0200 0008 10" + order(1))]
    seen = []
    for byte in b"".join(whole):
        received.append(byte)
        seen += list(frames(received))
    assert seen == whole


def test_what_keeps_every_promise_is_met_and_what_was_not_measured_is_said() -> None:
    assert all(one.met for one in verdicts(FIGURES))
    assert "missed**" not in page(FIGURES)
    text = page({"stops": FIGURES["stops"]})
    assert text.count("Not measured.") == 5


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("losses", {"faults": ["parent killed (1): the treatment does not go on"]}),
        ("losses", {"near": {**SPREAD, "missed": 1}}),
        ("losses", {"released_after_s": 20.0}),
        ("losses", {"reason": "operator stop"}),
        ("killed", {"rounds": [{**FIGURES["killed"]["rounds"][0], "free_s": 1.1}]}),
        ("killed", {"rounds": [{**FIGURES["killed"]["rounds"][0], "free_s": None}]}),
        ("killed", {"rounds": [{**FIGURES["killed"]["rounds"][0], "highest_behind_n": 25.0}]}),
        ("killed", {"rounds": [{**FIGURES["killed"]["rounds"][0], "told": False}]}),
        ("killed", {"rounds": [{**FIGURES["killed"]["rounds"][0], "outcome": "stopped"}]}),
        ("stops", {"trials": [{**FIGURES["stops"]["trials"][0], "to_wire_ms": 54.0}]}),
        ("stops", {"trials": [{**FIGURES["stops"]["trials"][0], "faults": ["no release"]}]}),
        ("pairs", {"pairs": [{"run": HALF, "control": HALF, "load": "0.1 on 2"}]}),
        (
            "hostile",
            {"pairs": [{"quiet": HALF, "hostile": {**HALF, "p99_ms": 0.9}, "load": "0.1 on 2"}]},
        ),
        (
            "beside",
            {
                "runs": [
                    {"sessions": [{**HALF, "missed": 1}] * n, "load": "0", "reference": REFERENCE}
                    for n in (1, 4)
                ]
            },
        ),
        (
            "beside",
            {
                "runs": [
                    {
                        "sessions": [{**HALF, "peak_mb": 117.0}] * n,
                        "load": "0",
                        "reference": REFERENCE,
                    }
                    for n in (1, 4)
                ]
            },
        ),
        ("hostile", {"outcomes": ["completed", "stopped"]}),
        ("hostile", {"lines": ["a connection beyond 24 was refused"] * 5}),
        ("hostile", {"done": {"connections": 1000, "no JSON": 0}}),
        (
            "beside",
            {
                "runs": [
                    {
                        "sessions": [{**HALF, "p99_ms": 0.3 * n}] * n,
                        "load": "0",
                        "reference": REFERENCE,
                    }
                    for n in (1, 4)
                ]
            },
        ),
    ],
)
def test_each_promise_can_be_missed(part: str, change: dict[str, Any]) -> None:
    figures = deepcopy(FIGURES)
    figures[part].update(change)
    missed = [one for one in verdicts(figures) if not one.met]
    assert {one.part for one in missed} == {part}
    assert "**missed**" in page(figures)


def test_every_situation_comes_up() -> None:
    wanted = situations(108)
    assert len(set(wanted)) == 12
    assert wanted.count("holding") == 12


def test_the_benchmark_prints_both_halves_of_each_pair() -> None:
    shown = Console(width=120, file=StringIO())
    shown.print(pairs_table(FIGURES["pairs"]))
    assert isinstance(shown.file, StringIO)
    text = shown.file.getvalue()
    assert text.count("0.1 on 2") == 2
    assert "control" in text


@pytest.mark.skipif(os.name != "posix", reason="needs sockets with a path")
def test_what_somebody_hostile_says_is_refused_each_time(tmp_path: Path) -> None:
    """A short form of the campaign: at the desk of a unit, while somebody prepares a session."""
    place, clock = ChannelPlace(folder=station_folder(tmp_path), called="Table 1"), SystemClock()
    desk = ControlDesk("Table 1", clock, str, Path)
    with closing(
        ChannelListener(place, desk.serve, encode=encoded, clock=clock, report=lambda text: None)
    ):
        console = connect_to(place, encode=encoded)
        console.send(Hello(version=VERSION, role=PeerRole.CONSOLE))
        console.send(
            Prepare(id="p", session_id="s-1", patient_key="00", order_digest="00", by="A. Example")
        )
        wait_until(lambda: desk.asked_session() is not None, "the session that was asked for")
        assert refused_to_a_peer(place) == Counter(dict.fromkeys(WRONG, 1))
        console.close()


def test_who_does_nothing_but_tick_counts_what_it_missed() -> None:
    ends = Event()

    class Stalling(VirtualClock):
        sleeps = 0

        def sleep_until(self, at_s: float) -> None:
            self.sleeps += 1
            super().sleep_until(at_s + (0.12 if self.sleeps == 3 else 0.0))
            if self.sleeps == 5:
                ends.set()

    assert ticked(ends, Stalling()) == {"ticks": 5, "missed": 2}


def test_the_processor_time_of_a_process_is_that_of_its_own_clock() -> None:
    before_s = time.process_time()
    taken_s = processor_s(os.getpid())
    assert before_s <= taken_s <= time.process_time()

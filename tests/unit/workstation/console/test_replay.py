"""The replay: its pieces are the samples, behind one row of the audit, and it controls nothing."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import numpy as np
import pytest

from controller.events import SampleFlag
from controller.order.force_unit import ForceUnit
from controller.order.phases import Phase
from records.clinic.audit import accesses
from records.store.canonical import ABSENT_DN, SAMPLE_DTYPE
from records.store.record_folder import RecordFolder
from tests.support.console_bench import ConsoleBench
from tests.support.notes import ADJUSTED_AND_PAUSED, recorded
from workstation.console.replays import MOST_REPLAYS, Replay


@pytest.fixture(autouse=True)
def seated(bench: ConsoleBench) -> None:
    """Who looks has said a name."""
    bench.sit_down()


@pytest.fixture
def one(bench: ConsoleBench, folder: RecordFolder) -> ConsoleBench:
    """A session of a minute and two others."""
    recorded(folder, "s-1", happened=ADJUSTED_AND_PAUSED, held_ms=70_000)
    recorded(folder, "s-2", reference="TEST-2")
    return bench


def played(page: str) -> dict[str, Any]:
    """What the page's script is given."""
    (text,) = re.findall(r'data-played="([^"]*)"', page)
    said: dict[str, Any] = json.loads(html.unescape(text))
    return said


def test_pieces_hold_every_sample_once(one: ConsoleBench) -> None:
    said = played(one.page("/sessions/s-1/replay"))
    points: list[list[float]] = []
    from_ms, is_last = said["first_ms"], False
    while not is_last:
        piece = one.client.get(f"{said['path']}?from_ms={from_ms}").json()
        points += piece["points"]
        from_ms, is_last = piece["until_ms"], piece["is_last"]
    times = [at for at, _, _ in points]
    assert times == sorted(times)
    assert len(times) == 1 + 1 + len(ADJUSTED_AND_PAUSED) + 2  # a sample beside each event
    assert (times[0], times[-1]) == (said["first_ms"], said["last_ms"])
    assert [force for _, force, _ in points] == [60.1] * len(points)


def test_it_is_no_live_view_and_has_no_control(one: ConsoleBench) -> None:
    page = one.page("/sessions/s-1/replay")
    main = page.partition("<main>")[2]
    assert "<h1>REPLAY, not live" in main
    assert "<form" not in main
    assert 'class="stop"' in page.partition("<main>")[0]
    assert re.findall(r'data-speed="(\d+)"', main) == ["1", "4", "16"]
    assert 'id="chart"' not in main  # what runs now is not drawn into it
    assert "needs scripts" in main


def test_its_chart_has_limit_band_and_scale_of_the_whole_session(one: ConsoleBench) -> None:
    said = played(one.page("/sessions/s-1/replay"))
    assert said["limit_n"] == 0.0  # as the order on record has it: nobody said one
    assert said["most_n"] == 60.1
    assert said["tolerance"] == one.client.get("/units/Table%201/chart").json()["tolerance"]
    assert said["units"][0] == {"symbol": "lbf", "newtons": ForceUnit.POUND.newtons}


def highest(*samples: tuple[int, int, Phase, SampleFlag]) -> float:
    """Of samples with force and order in 0.1 N."""
    made = np.zeros(len(samples), dtype=SAMPLE_DTYPE)
    for at, (force_dn, target_dn, phase, flags) in enumerate(samples):
        made[at]["force_1_dn"], made[at]["target_dn"] = force_dn, target_dn
        made[at]["phase"], made[at]["flags"] = int(phase), int(flags)
    return Replay(session_id="s-1", samples=made).highest_n


def test_the_scale_has_room_for_what_was_read_and_ordered_and_nothing_else() -> None:
    held, unread = (Phase.HOLDING, SampleFlag.NONE), (Phase.HOLDING, SampleFlag.NO_READING)
    releasing = (Phase.RELEASING, SampleFlag.NONE)
    assert highest((905, 900, *held), (700, 800, *held)) == 90.5
    assert highest((5, 1000, *held), (4, 0, *held)) == 100.0
    assert highest((905, 0, *held), (2000, 2000, *unread), (ABSENT_DN, 2000, *held)) == 90.5
    assert highest((300, 900, *releasing)) == 30.0
    assert highest((2000, 2000, *unread)) == highest() == 0.0


def test_one_look_is_one_row(one: ConsoleBench, folder: RecordFolder) -> None:
    said = played(one.page("/sessions/s-1/replay"))
    for from_ms in (0, 60_000):
        assert one.client.get(f"{said['path']}?from_ms={from_ms}").status_code == 200
    (row,) = [each for each in accesses(folder) if each.what == "replay"]
    assert row.session_id == "s-1"


def test_pieces_are_for_the_page_that_was_audited(one: ConsoleBench) -> None:
    said = played(one.page("/sessions/s-1/replay"))
    of_another = said["path"].replace("s-1", "s-2")
    assert one.client.get(f"{of_another}?from_ms=0").status_code == 410
    assert one.client.get(f"/sessions/s-1/replay/{'0' * 32}?from_ms=0").status_code == 410
    for wrong in ("", "-1", "x", "9" * 50):
        assert one.client.get(f"{said['path']}?from_ms={wrong}").status_code == 400


def test_the_oldest_replay_makes_room(one: ConsoleBench) -> None:
    oldest = played(one.page("/sessions/s-1/replay"))
    for _ in range(MOST_REPLAYS):
        newest = played(one.page("/sessions/s-1/replay"))
    assert one.client.get(f"{oldest['path']}?from_ms=0").status_code == 410
    assert one.client.get(f"{newest['path']}?from_ms=0").status_code == 200


def test_finding_and_replaying_takes_three(one: ConsoleBench) -> None:
    """Clicks and typed fields: History, the patient, Replay; or History, Session, Replay."""
    (history,) = re.findall(r'<a href="(/sessions)">History</a>', one.page("/"))
    found = one.page(f"{history}?patient=TEST-2")  # typed, Enter sends it
    (replay,) = re.findall(r'<a href="([^"]+)">Replay', found)
    assert replay == "/sessions/s-2/replay"
    session = re.findall(r'<a href="([^"]+)">Session', one.page(history))[-1]
    (again,) = re.findall(r'<a href="([^"]+)">Replay</a>', one.page(session))
    assert "REPLAY, not live" in one.page(again)

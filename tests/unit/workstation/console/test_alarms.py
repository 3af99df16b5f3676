"""The alarm log: over all sessions, with the end and the person of each, and as a file."""

from __future__ import annotations

import csv
import io
import re
from contextlib import closing

import pytest

from controller.events import EventKind, JsonValue
from records.clinic.audit import accesses
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.console_bench import ConsoleBench
from tests.support.notes import BEGAN_MS, DAY_MS, UNIT, Happened, recorded
from tests.support.standing import example, keep
from workstation.history.alarm_log import AlarmQuery, logged_alarms

RAISED: dict[str, JsonValue] = {
    "code": "force_missing",
    "priority": "high",
    "text": "force reading is missing",
}
CLEARED: dict[str, JsonValue] = {
    "hazard": 1,
    "code": "force_missing",
    "first_seen_ms": 4_900,
    "last_seen_ms": 5_900,
}
SLACK: dict[str, JsonValue] = {"code": "cord_slack", "priority": "medium", "text": "cord is slack"}
FIRST: Happened = [
    (5_000, EventKind.ALARM_RAISED, RAISED),
    (
        6_000,
        EventKind.SAFETY_CLEARED,
        {"hazard": 1, "code": "force_missing", "first_seen_ms": 4_900, "last_seen_ms": 5_900},
    ),
    (7_000, EventKind.ALARM_ACKNOWLEDGED, {"codes": ["force_missing"], "by": "=cmd()"}),
    (8_000, EventKind.ALARM_RAISED, RAISED),
]
SECOND: Happened = [
    (
        9_000,
        EventKind.ALARM_RAISED,
        {"code": "cord_slack", "priority": "medium", "text": "cord is slack"},
    ),
]


@pytest.fixture(autouse=True)
def seated(bench: ConsoleBench) -> None:
    """Who looks has said a name."""
    bench.sit_down()


@pytest.fixture
def three(bench: ConsoleBench, folder: RecordFolder) -> ConsoleBench:
    """Three alarms in two sessions of two days; the program ended in the second one."""
    keep(folder, example("unit", name="Table 7", unit_id=UNIT, address="tcp://192.0.2.7"))
    recorded(folder, "s-1", happened=FIRST)
    recorded(folder, "s-2", began_ms=BEGAN_MS + DAY_MS, happened=SECOND, closed=False)
    return bench


def codes(page: str) -> list[str]:
    """The codes of a list, in its order."""
    return re.findall(r"<small>\[(\w+)\]</small>", page)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", ["cord_slack", "force_missing", "force_missing"]),
        ("from=2026-01-01", ["cord_slack"]),
        ("to=2025-12-31", ["force_missing", "force_missing"]),
        ("priority=high", ["force_missing", "force_missing"]),
        ("priority=high&open=1", ["force_missing"]),
        ("words=slack", ["cord_slack"]),
        ("words=s-1+missing", ["force_missing", "force_missing"]),
        ("table=Table+7", ["cord_slack", "force_missing", "force_missing"]),
        ("table=Table+7&priority=low", []),
    ],
)
def test_alarms_are_found(three: ConsoleBench, asked: str, found: list[str]) -> None:
    assert codes(three.page(f"/alarms?{asked}")) == found


def test_an_alarm_has_its_end_and_its_person(three: ConsoleBench) -> None:
    page = three.page("/alarms")
    rows = [line for line in page.splitlines() if "[force_missing]" in line]
    assert "2025-12-31 18:00:08 CST" in rows[0]
    assert "by nobody" in rows[0]
    assert "<b>!!!</b> high" in rows[1]
    assert "2025-12-31 18:00:05 CST</td>" in rows[1]  # where its cause was seen last
    assert "2025-12-31 18:00:07 CST by =cmd()" in rows[1]
    assert "Table 7" in rows[1]


def test_the_file_has_all_of_them_and_no_formula(three: ConsoleBench, folder: RecordFolder) -> None:
    three.sit_down()
    answer = three.client.get("/alarms.csv?priority=high")
    assert "attachment" in answer.headers["content-disposition"]
    said = [*csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))]
    assert [row["code"] for row in said] == ["force_missing", "force_missing"]
    assert [row["acknowledged_by"] for row in said] == ["", "'=cmd()"]
    assert said[1]["raised"] == "2025-12-31T18:00:05.000-06:00"
    assert said[1]["table"] == "Table 7"
    (row,) = [each for each in accesses(folder) if each.what == "export alarms csv"]
    assert (row.by, row.fields) == ("Pat Jones", ("s-1",))


def test_a_wrong_day_is_refused_on_the_page_and_for_the_file(three: ConsoleBench) -> None:
    for path in ("/alarms", "/alarms.csv"):
        answer = three.client.get(f"{path}?from=yesterday")
        assert answer.status_code == 422
        assert "from=yesterday is not a day" in answer.text


def test_a_session_that_cannot_be_read_hides_no_other(
    three: ConsoleBench, folder: RecordFolder
) -> None:
    with altering(folder.unit_database(UNIT)) as db:
        db.execute("UPDATE packed_session SET data = x'00'")
    page = three.page("/alarms")
    assert codes(page) == ["cord_slack"]
    assert "cannot be read: session s-1" in page


def test_nothing_is_read_before_it_is_asked_for(bench: ConsoleBench, folder: RecordFolder) -> None:
    for number in range(60):
        recorded(
            folder,
            f"s-{number:02}",
            began_ms=BEGAN_MS + number * 60_000,
            held_ms=10_000,
            happened=FIRST[:1],
        )
    day_of = bench.site.words.settings.day_at
    with closing(logged_alarms(folder, AlarmQuery(), day_of)) as alarms:
        assert next(alarms).session_id == "s-59"
    first = bench.page("/alarms")
    assert len(codes(first)) == 50
    second = bench.page("/alarms?page=2")
    assert len(codes(second)) == 10
    assert "Older" not in second

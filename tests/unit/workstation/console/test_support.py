"""Support: the bytes of a line, and a file in which nothing stands that a person has typed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from controller.errors import TractionError
from controller.events import EventKind, JsonValue
from controller.runtime.clock import VirtualClock
from records.clinic.audit import accesses
from records.note.lifecycle import complete
from records.standing.appointments import Appointment, write_days
from records.standing.files import record_of
from records.standing.versions import read_standing
from records.standing.write import NEW
from records.store.record_folder import RecordFolder
from tests.support.console_bench import ConsoleBench, console_bench
from tests.support.notes import (
    ADJUSTED_AND_PAUSED,
    ALL_WORDS,
    ORDER,
    UNIT,
    author,
    note_of,
    recorded,
)
from tests.support.reception import open_clinic
from tests.support.sessions import SETTINGS
from tests.support.standing import EXAMPLES, example, keep, writer
from workstation.settings import Settings
from workstation.station.messages import Followed, TraceOn
from workstation.station.place import ChannelPlace, station_folder

CANARY = "Canarybird"
HEAD = "traction-capture 1 2026-11-29T16:44:12.123Z {digest} modbus-tcp://{host}:502?unit=1"
TROUBLE: dict[str, JsonValue] = {"code": 1101, "message": CANARY, "raw": CANARY}
ALARM: dict[str, JsonValue] = {"code": "over_force", "priority": "high", "text": CANARY}
ORDER_WORDS = ("rationale",)
TYPED_SETTINGS = {
    name for name, field in Settings.model_fields.items() if field.annotation is str
} - {"time_zone"}
"""A zone is one of a list."""
MARKED_KINDS = EXAMPLES.keys() - {"unit", "account"}
"""The unit is marked by hand; with an account on file nobody could sit down by a name."""
COMES = Appointment(
    time="10:00",
    table=f"Table {CANARY}",
    reference=CANARY,
    last_name=CANARY,
    first_name=CANARY,
    birth_date=date(1960, 1, 31),
)


def _typed(said: Mapping[str, Any]) -> dict[str, Any]:
    """A request as somebody types it."""
    return {
        key: CANARY if key in ("by", "reason", "text") else value for key, value in said.items()
    }


def with_canaries(kind: str) -> dict[str, Any]:
    """A standing record with the canary in every field that takes free text."""
    found: dict[str, Any] = {**EXAMPLES[kind]}
    for key, value in EXAMPLES[kind].items():
        for marked in _marked(value):
            try:
                record_of(kind, {**found, key: marked}, "test")
            except TractionError:
                continue
            found[key] = marked
    return found


def _marked(value: Any) -> Iterator[Any]:
    """The value with the canary in each text, one after the other."""
    if isinstance(value, str):
        yield f"{value} {CANARY}"
    elif isinstance(value, Mapping):
        marked = {**value}
        for key, inner in value.items():
            for each in _marked(inner):
                marked = {**marked, key: each}
                yield marked


@pytest.fixture
def typed_everywhere(folder: RecordFolder) -> Iterator[ConsoleBench]:
    """The canary is wherever somebody can type.

    Standing data, appointments, order, note, requests, a capture and settings.
    """
    open_clinic(folder)
    for kind in MARKED_KINDS:
        made_from = 1 if kind == "clinic" else NEW
        keep(folder, record_of(kind, with_canaries(kind), "test"), made_from=made_from)
    write_days(folder, writer(), {date(2026, 11, 30): [COMES]}, file=CANARY, content=b"")
    keep(folder, example("unit", name=f"Table {CANARY}", unit_id=UNIT, address=f"tcp://{CANARY}"))
    order = ORDER.replace("left arm pain", f"left arm {CANARY}").replace("TEST-1", CANARY)
    order += "".join(f'{word} = "{CANARY}"\n' for word in ORDER_WORDS)
    recorded(
        folder,
        f"s-{CANARY}",
        order=order,
        reference=CANARY,
        happened=[
            *((at_ms, kind, _typed(said)) for at_ms, kind, said in ADJUSTED_AND_PAUSED),
            (40_000, EventKind.LINK_TROUBLED, TROUBLE),
            (41_000, EventKind.ALARM_RAISED, ALARM),
        ],
    )
    complete(
        folder,
        note_of(folder, f"s-{CANARY}"),
        {name: f"{text} {CANARY}" for name, text in ALL_WORDS.items() if " " in text},
        author(folder, by=CANARY),
    )
    typed = dict.fromkeys(TYPED_SETTINGS, CANARY)
    settings = SETTINGS.model_copy(update=typed)
    with console_bench(folder, VirtualClock(), [f"Table {CANARY}"], settings) as bench:
        (link,) = bench.links.values()
        link.show(message=CANARY, busy_with=CANARY, record_trouble=CANARY, missed=3)
        kept(folder, f"Table {CANARY}", CANARY)
        bench.sit_down(CANARY)
        yield bench


def kept(folder: RecordFolder, table: str, host: str = "192.0.2.5", name: str = "x") -> str:
    """A capture of a table's line; returns the name of its file."""
    place = ChannelPlace(folder=station_folder(folder.path), called=table)
    path = place.folder / f"{place.stem}-{name}.capture"
    head = HEAD.format(digest="0" * 64, host=host)
    path.write_text(f"{head}\n0.000000 > 0103\n400.012345 < 010302\n", encoding="utf-8")
    return path.name


def test_no_word_that_somebody_typed_is_in_the_file(typed_everywhere: ConsoleBench) -> None:
    shown = typed_everywhere.page("/support/file")
    (file_id,) = re.findall(r'action="/support/file/([0-9a-f]{32})"', shown)
    saved = typed_everywhere.client.get(f"/support/file/{file_id}")
    assert saved.headers["content-disposition"] == 'attachment; filename="traction-support.txt"'
    assert CANARY.lower() not in saved.text.lower()
    assert "key-of" not in saved.text
    assert not re.search(r"\d{4}-\d{2}-\d{2}|\d{2}:\d{2}", saved.text)
    assert "400.012345 < 010302" in saved.text
    assert "missed = 3" in saved.text
    assert "troubles: code 1101 x 1; alarms: over_force x 1" in saved.text


def test_the_file_is_what_was_shown(typed_everywhere: ConsoleBench) -> None:
    shown = typed_everywhere.page("/support/file")
    (link,) = typed_everywhere.links.values()
    link.show(missed=4)
    (file_id,) = re.findall(r'action="/support/file/([0-9a-f]{32})"', shown)
    text = typed_everywhere.client.get(f"/support/file/{file_id}").text
    assert "missed = 3" in text
    (pre,) = re.findall(r"<pre[^>]*>(.*?)</pre>", shown, re.DOTALL)
    assert pre.replace("&lt;", "<").replace("&gt;", ">") == text
    gone = typed_everywhere.client.get(f"/support/file/{'0' * 32}")
    assert (gone.status_code, "Make it again" in gone.text) == (410, True)


def test_the_canary_is_where_it_is_looked_for(
    typed_everywhere: ConsoleBench, folder: RecordFolder
) -> None:
    """Else the test above would prove nothing."""
    assert CANARY in typed_everywhere.page("/settings")
    assert {"clinic", "station_certificate", "console_addresses"} <= TYPED_SETTINGS
    held = read_standing(folder)
    for kind in MARKED_KINDS:
        assert any(CANARY in repr(each.record) for each in held.all_of(kind)), kind
    page = typed_everywhere.page(f"/sessions/s-{CANARY}")
    assert f"patient {CANARY}" in page
    assert f"{CANARY} remarked: {CANARY}" in page
    assert CANARY in typed_everywhere.page("/support")


def test_the_bytes_of_a_line_are_kept_when_somebody_asks(bench: ConsoleBench) -> None:
    assert bench.post("/support/units/Table%201/trace").startswith("/person?")
    bench.sit_down()
    assert bench.post("/support/units/Table%201/trace") == "/support"
    (asked,) = bench.links["Table 1"].asked
    assert isinstance(asked, TraceOn)
    assert asked.by == "Pat Jones"


@pytest.mark.parametrize(
    ("follows", "fault"),
    [
        (Followed.REFUSED, "Table 1: "),
        (None, "Table 1: the request was not answered"),
    ],
)
def test_a_trace_that_is_not_begun_is_said(
    bench: ConsoleBench, follows: Followed | None, fault: str
) -> None:
    bench.sit_down()
    bench.links["Table 1"].follows = follows
    answer = bench.client.post("/support/units/Table%201/trace")
    assert answer.status_code == 409
    assert fault in answer.text


def test_the_last_minutes_of_a_line_are_shown_and_audited(
    bench: ConsoleBench, folder: RecordFolder
) -> None:
    bench.sit_down()
    name = kept(folder, "Table 1")
    assert name in bench.page("/support")
    page = bench.page(f"/support/units/Table%201/captures/{name}")
    assert "400.012345 &lt; 010302" in page
    assert "0.000000" not in page  # more than five minutes before the end
    assert "the capture is cut off" in page
    assert "bytes of the line" in [row.what for row in accesses(folder)]


@pytest.mark.parametrize("name", ["..%2F..%2Fclinic.db", "nothing.capture", "console.key"])
def test_no_other_file_is_shown(bench: ConsoleBench, name: str) -> None:
    bench.sit_down()
    answer = bench.client.get(f"/support/units/Table%201/captures/{name}")
    assert answer.status_code == 404


def test_a_unit_that_is_silent_has_no_numbers(bench: ConsoleBench) -> None:
    link = bench.links["Table 1"]
    link.snapshot = replace(link.snapshot, missed=7_654_321) if link.snapshot else None
    assert "7654321" in bench.page("/support")
    link.is_answering = False
    page = bench.page("/support")
    assert "Nothing is heard of it at present." in page
    assert "7654321" not in page

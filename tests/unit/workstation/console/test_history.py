"""The history: what is found by which field, in parts, and what a look leaves in the audit."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from controller.runtime.clock import VirtualClock
from records.clinic.audit import accesses
from records.clinic.order_filing import NewSession
from records.clinic.paper_sheets import PaperSheet, keep_sheet
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.console_bench import ConsoleBench, console_bench
from tests.support.notes import (
    ALL_WORDS,
    BEGAN_MS,
    DAY_MS,
    ORDER,
    author,
    file_only,
    recorded,
)

SECOND = ORDER.replace("left arm pain", "numb fingers")


@pytest.fixture
def three(on_file: RecordFolder, clock: VirtualClock) -> Iterator[ConsoleBench]:
    """Three sessions on three days: completed, stopped, and a try that was refused.

    Who looks has said a name.
    """
    recorded(on_file, "s-1")
    recorded(
        on_file,
        "s-2",
        order=SECOND,
        reference="TEST-2",
        began_ms=BEGAN_MS + DAY_MS,
        outcome="stopped",
    )
    recorded(on_file, "s-3", began_ms=BEGAN_MS + 2 * DAY_MS, outcome="refused", held_ms=None)
    with console_bench(on_file, clock) as opened:
        opened.sit_down()
        yield opened


def test_a_file_that_cannot_be_read_hides_no_session_of_another(
    three: ConsoleBench, folder: RecordFolder
) -> None:
    broken = folder.unit_database("0b" * 8)
    broken.write_bytes(b"this is no database " * 400)
    page = three.page("/sessions")
    assert found(page) == ["s-2", "s-1"]
    assert "Not in this list are the treatments of one file" in page
    assert broken.name in page
    assert "&#34;verify --all&#34; at the command line" in page


def found(page: str) -> list[str]:
    """The sessions of a list, in its order."""
    return re.findall(r'<a href="/sessions/([^"/]+)">Session', page)


@pytest.mark.parametrize(
    ("asked", "sessions"),
    [
        ("", ["s-2", "s-1"]),
        ("refused=1", ["s-3", "s-2", "s-1"]),
        ("patient=TEST-2", ["s-2"]),
        ("patient=TEST", []),
        ("from=2026-01-01", ["s-2"]),
        ("to=2025-12-31", ["s-1"]),
        ("from=2025-12-31&to=2025-12-31", ["s-1"]),
        ("outcome=stopped", ["s-2"]),
        ("outcome=refused", ["s-3"]),
        ("words=Numb+fingers", ["s-2"]),
        ("words=numb+pain", []),
        ("table=Table+1", []),
    ],
)
def test_each_field_finds(three: ConsoleBench, asked: str, sessions: list[str]) -> None:
    assert found(three.page(f"/sessions?{asked}")) == sessions


def test_what_is_left_out_is_said(three: ConsoleBench) -> None:
    page = three.page("/sessions")
    assert "2 found" in page
    assert "1 refused try is not listed." in page
    assert "2025-12-31 18:00 CST" in page  # the clinic's zone, not UTC


@pytest.mark.parametrize(
    ("field", "typed", "fault"),
    [
        ("from", "31.1.2026", "from=31.1.2026 is not a day; write it as 2026-01-31"),
        ("to", "2026-02-30", "to=2026-02-30 is not a day"),
        ("patient", "x" * 10_000, "patient has 10000 characters, at most"),
        ("words", "\u202eabc", "words "),
        ("table", "Table 9", "table=Table 9 is not on file"),
        ("outcome", "y" * 10_000, "outcome has 10000 characters"),
    ],
)
def test_a_wrong_field_is_named_and_what_was_typed_stays(
    three: ConsoleBench, field: str, typed: str, fault: str
) -> None:
    answer = three.client.get("/sessions", params={field: typed, "refused": "1"})
    assert answer.status_code == 422
    assert fault in answer.text
    assert found(answer.text) == []
    if field not in ("table", "outcome"):
        assert f'value="{typed}"' in answer.text


def test_days_the_wrong_way_round_are_refused(three: ConsoleBench) -> None:
    answer = three.client.get("/sessions?from=2026-01-02&to=2026-01-01")
    assert answer.status_code == 422
    assert "to=2026-01-01 is before from=2026-01-02; exchange them" in answer.text


def test_a_script_in_a_field_is_text(three: ConsoleBench) -> None:
    page = three.page("/sessions?words=%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in page
    assert "0 found" in page


def test_a_look_leaves_its_row_with_what_was_shown(
    three: ConsoleBench, folder: RecordFolder
) -> None:
    three.sit_down()
    three.page("/sessions?patient=TEST-2")
    (row,) = [one for one in accesses(folder) if one.what == "search"]
    assert (row.by, row.fields) == ("Pat Jones", ("s-2",))


def test_a_treatment_from_paper_leads_to_its_note(
    three: ConsoleBench, folder: RecordFolder
) -> None:
    words = {**ALL_WORDS, "symptoms": "tingling in the left hand"}
    on_paper = PaperSheet(
        sheet_id="paper-0123456789ab",
        reference="TEST-1",
        began_utc_ms=BEGAN_MS + 3 * DAY_MS,
        ended_utc_ms=BEGAN_MS + 3 * DAY_MS + 900_000,
        utc_offset_min=0,
        written_by="P. Jones",
        values={"table": "Table 1", "region": "cervical", "paused": "0 min"},
        words=words,
    )
    keep_sheet(folder, author(folder), on_paper)
    for asked in ("", "words=tingling", "table=Table+1"):
        page = three.page(f"/sessions?{asked}")
        assert '<a href="/sessions/paper-0123456789ab/note">Note' in page
        assert "15 min" in page
        assert "entered from paper" in page
    first = three.client.get("/sessions/paper-0123456789ab")
    assert first.headers["location"] == "/sessions/paper-0123456789ab/note"
    replay = three.client.get("/sessions/paper-0123456789ab/replay")
    assert (replay.status_code, "no device recorded it" in replay.text) == (409, True)


def test_more_than_a_page_comes_in_parts(bench: ConsoleBench, folder: RecordFolder) -> None:
    bench.sit_down()
    for number in range(52):
        recorded(folder, f"s-{number:02}", began_ms=BEGAN_MS + number * 60_000, held_ms=1000)
    first = bench.page("/sessions?patient=TEST-1")
    assert found(first)[0] == "s-51"
    assert len(found(first)) == 50
    assert "52 found, page 1 of 2" in first
    (older,) = re.findall(r'href="([^"]+)">Older', first)
    second = bench.page(older.replace("&amp;", "&"))
    assert found(second) == ["s-01", "s-00"]
    assert "Older" not in second
    assert found(bench.page("/sessions?page=99999999999")) == found(first)


@pytest.mark.parametrize(
    "path",
    [
        "/sessions?patient=TEST-2",
        "/sessions/s-2",
        "/sessions/s-2/replay",
        "/alarms",
        "/alarms.csv",
        "/audit",
        "/support/file",
    ],
)
def test_nobody_looks_without_a_name(three: ConsoleBench, folder: RecordFolder, path: str) -> None:
    three.post("/person/leave")
    before = len(accesses(folder))
    answer = three.client.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/person?back=/")
    assert len(accesses(folder)) == before


# --- orders without a session -------------------------------------------------------------------


@pytest.fixture
def with_an_order(three: ConsoleBench, folder: RecordFolder) -> ConsoleBench:
    """Beside the three sessions an order of the second day that no session followed."""
    table = three.site.units["Table 1"].table
    session = NewSession(session_id="s-9", unit_id=table.unit_id or "")
    file_only(folder, session, order=SECOND, reference="TEST-9", at_ms=BEGAN_MS + DAY_MS + 1)
    return three


def orders(page: str) -> list[str]:
    return re.findall(r'<a href="/sessions/([^"/]+)">Order', page)


def test_an_order_without_a_session_is_counted_until_it_is_asked_for(
    with_an_order: ConsoleBench,
) -> None:
    page = with_an_order.page("/sessions")
    assert (found(page), orders(page)) == (["s-2", "s-1"], [])
    assert "1 order without a session is not listed." in page
    page = with_an_order.page("/sessions?refused=1")
    assert (found(page), orders(page)) == (["s-3", "s-2", "s-1"], ["s-9"])
    assert page.index("s-3") < page.index("s-9") < page.index("s-2")
    assert "4 found" in page


@pytest.mark.parametrize(
    ("asked", "listed"),
    [
        ("patient=TEST-9", ["s-9"]),
        ("patient=TEST-1", []),
        ("words=numb", ["s-9"]),
        ("words=left+arm", []),
        ("from=2026-01-01&to=2026-01-01", ["s-9"]),
        ("from=2026-01-02", []),
        ("to=2025-12-31", []),
        ("outcome=no+session+on+file", ["s-9"]),
        ("outcome=stopped", []),
        ("table=Table+1", ["s-9"]),
    ],
)
def test_an_order_without_a_session_is_found_by_what_sessions_are_found_by(
    with_an_order: ConsoleBench, asked: str, listed: list[str]
) -> None:
    assert orders(with_an_order.page(f"/sessions?refused=1&{asked}")) == listed


def test_its_page_shows_what_was_filed_and_who_looked_is_on_record(
    with_an_order: ConsoleBench,
) -> None:
    page = with_an_order.page("/sessions/s-9")
    assert "No session of this order is on file" in page
    assert "TEST-9" in page
    assert "numb fingers" in page
    assert "P. Jones" in page
    last = accesses(with_an_order.site.folder)[-1]
    assert (last.what, last.session_id) == ("show", "s-9")


def test_an_altered_order_is_not_shown(with_an_order: ConsoleBench, folder: RecordFolder) -> None:
    with altering(folder.clinic_database) as db:
        db.execute("UPDATE session_order SET order_text = replace(order_text, 'numb', 'cold')")
    answer = with_an_order.client.get("/sessions/s-9")
    assert answer.status_code == 409
    assert "does not fit the entry with which it was filed" in answer.text
    assert "cold fingers" not in answer.text


def test_where_a_file_cannot_be_read_no_order_is_said_to_have_no_session(
    with_an_order: ConsoleBench, folder: RecordFolder
) -> None:
    folder.unit_database("0b" * 8).write_bytes(b"this is no database " * 400)
    page = with_an_order.page("/sessions?refused=1")
    assert orders(page) == []
    assert "Not in this list are the treatments of one file" in page

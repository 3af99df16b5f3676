"""The list of notes that wait, and of what the claims of a day lack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.runtime.clock import VirtualClock
from records.clinic.audit import accesses
from records.note.lifecycle import complete, sign
from records.store.record_folder import RecordFolder
from tests.support.console_bench import ConsoleBench, console_bench
from tests.support.notes import ALL_WORDS, BEGAN_MS, DAY_MS, author, note_of, recorded
from tests.support.reception import medicare_patient, open_clinic
from tests.support.standing import keep


@pytest.fixture
def bench(folder: RecordFolder) -> Iterator[ConsoleBench]:
    """Signed on the first day, complete on the second, open on the third; now it is the fourth."""
    open_clinic(folder)
    keep(folder, medicare_patient("2025-12-20"))
    for day in range(3):
        recorded(folder, f"s-{day + 1}", began_ms=BEGAN_MS + day * DAY_MS)
    by = author(folder, at_ms=BEGAN_MS + 3 * DAY_MS)
    for session in ("s-1", "s-2"):
        complete(folder, note_of(folder, session), ALL_WORDS, by)
    sign(folder, note_of(folder, "s-1"), "PT", by)
    with console_bench(folder, VirtualClock(utc_origin_ms=BEGAN_MS + 3 * DAY_MS)) as opened:
        opened.sit_down()
        yield opened


def test_notes_stand_by_day_with_what_is_open_the_newest_first(bench: ConsoleBench) -> None:
    page = bench.page("/notes")
    assert page.index("Friday 2026-01-02") < page.index("Thursday 2026-01-01")
    assert "to sign" in page
    assert ", Patient response, " in page
    assert 'href="/sessions/s-3/note"' in page
    assert "/sessions/s-1/note" not in page, "what is signed waits for nobody"
    (access,) = [each for each in accesses(bench.site.folder) if each.what == "notes"]
    assert (access.by, access.fields) == ("Pat Jones", ("patient TEST-1",))


def test_a_note_older_than_a_month_is_not_looked_for(bench: ConsoleBench) -> None:
    bench.clock.sleep_until(bench.clock.now_s() + 40 * 86_400)
    bench.sit_down()
    assert "No note of the last 30 days waits" in bench.page("/notes")


def test_the_claims_of_a_day_say_what_keeps_them_back(bench: ConsoleBench) -> None:
    page = bench.page("/notes?claims=2025-12-31")
    assert "to claim" in page
    assert "<li>T-021  " in page
    assert "the note is not signed" in bench.page("/notes?claims=2026-01-01")
    assert "No visits on 2026-01-05" in bench.page("/notes?claims=2026-01-05")


def test_the_claims_of_a_span_are_found_by_their_state(bench: ConsoleBench) -> None:
    span = "/notes?claims=2025-12-31&to=2026-01-03"
    page = claims_of(bench.page(span))
    assert page.index("Friday 2026-01-02") < page.index("Wednesday 2025-12-31")
    assert all(f"/sessions/s-{number}/claim" in page for number in (1, 2, 3))
    to_claim = claims_of(bench.page(f"{span}&state=to claim"))
    assert "/sessions/s-1/claim" in to_claim
    assert "/sessions/s-2/claim" not in to_claim
    to_sign = claims_of(bench.page(f"{span}&state=to sign"))
    assert "/sessions/s-2/claim" in to_sign
    assert "/sessions/s-1/claim" not in to_sign
    assert 'No visits that are "claimed"' in bench.page(f"{span}&state=claimed")


@pytest.mark.parametrize("last", ["2025-12-30", "2026-02-01", "9999-12-31", "tomorrow"])
def test_a_span_is_some_days_up_to_a_month(bench: ConsoleBench, last: str) -> None:
    answer = bench.client.get("/notes", params={"claims": "2025-12-31", "to": last})
    assert answer.status_code == 409
    assert "days; ask for fewer" in answer.text or "to is not a day" in answer.text


def claims_of(page: str) -> str:
    return page.partition('id="claims"')[2]


@pytest.mark.parametrize("day", ["x", "2026-13-01", "01/02/2026", "9" * 10_000])
def test_what_is_no_day_is_refused(bench: ConsoleBench, day: str) -> None:
    answer = bench.client.get("/notes", params={"claims": day})
    assert answer.status_code == 409
    assert "is not a day as in 2026-11-30" in answer.text


def test_the_list_names_who_reads_it(bench: ConsoleBench) -> None:
    bench.post("/person/leave")
    answer = bench.client.get("/notes?claims=2025-12-31")
    assert answer.headers["location"] == "/person?back=/notes%3Fclaims%3D2025-12-31"

"""Sessions over midnight and over both changes of the clock: every page tells their times apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from controller.alarms import RaisedAlarm
from controller.runtime.clock import VirtualClock
from controller.snapshot import Doing
from records.exports.formats import written
from records.exports.note.text import note_text
from records.note.lifecycle import complete, sign
from records.standing.appointments import Appointment, write_days
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from tests.support.console_bench import ConsoleBench, console_bench
from tests.support.notes import ALL_WORDS, author, note_of, recorded
from tests.support.reception import medicare_patient, open_clinic
from tests.support.sessions import SETTINGS
from tests.support.standing import keep


@dataclass(frozen=True, slots=True)
class Night:
    """A session of 64 s that is opened 30 s before the hour; ``ended`` as the note has it.

    ``before`` is how 10 s before the hour reads 10 s behind it, ``clock`` what clocks show then.
    """

    opened: str
    ended: str
    before: str
    clock: str

    @property
    def began_ms(self) -> int:
        return round(datetime.fromisoformat(self.opened).timestamp() * 1000)

    @property
    def day(self) -> date:
        return datetime.fromisoformat(self.opened).date()


NIGHTS = {
    "midnight": Night(
        "2025-12-31 23:59:30-06:00",
        "2026-01-01 00:00:34 CST",
        "2025-12-31 23:59:50",
        "00:00:10 CST",
    ),
    "back": Night(
        "2025-11-02 01:59:30-05:00", "2025-11-02 01:00:34 CST", "01:59:50 CDT", "01:00:10 CST"
    ),
    "forward": Night(
        "2025-03-09 01:59:30-06:00", "2025-03-09 03:00:34 CDT", "01:59:50 CST", "03:00:10 CDT"
    ),
}


@pytest.fixture(params=NIGHTS)
def night(request: pytest.FixtureRequest) -> Night:
    return NIGHTS[request.param]


@pytest.fixture
def bench(folder: RecordFolder, night: Night) -> Iterator[ConsoleBench]:
    """A console whose clock stands 10 s behind the hour; Pat Jones sits there."""
    open_clinic(folder)
    keep(folder, medicare_patient((night.day - timedelta(days=10)).isoformat()))
    recorded(folder, began_ms=night.began_ms)
    with console_bench(folder, VirtualClock(utc_origin_ms=night.began_ms + 40_000)) as opened:
        opened.sit_down()
        yield opened


def test_session_note_and_claim_read_right(bench: ConsoleBench, night: Night) -> None:
    folder, opened = bench.site.folder, datetime.fromisoformat(night.opened)
    zone = opened.astimezone(SETTINGS.zone_at(0)).tzname()
    page = bench.page("/sessions/s-1")
    times = re.findall(r"<tr[^>]*>\s*<td[^>]*>([^<]*\d\d:\d\d:\d\d[^<]*)</td>", page)
    assert f"{opened:%Y-%m-%d %H:%M} {zone}" in page
    assert f"Time ({zone})" in page
    assert times[0] == f"{opened:%H:%M:%S}"
    assert night.ended.startswith(times[-1]) or night.ended.endswith(times[-1])
    assert f"<dt>Traction ended</dt><dd>{ended_traction(night)}</dd>" in page
    note = note_of(folder)
    by = author(folder, at_ms=night.began_ms + 3_600_000)
    complete(folder, note, ALL_WORDS, by)
    sign(folder, note_of(folder), "PT", by)
    visit = load_visit(folder, "s-1", SETTINGS)
    assert ended_traction(night) in bench.page("/sessions/s-1/note")
    assert ended_traction(night) in note_text(visit)
    assert f"date of service {night.day}" in bench.page("/sessions/s-1/claim")
    assert f'"dos": "{night.day}"' in written(visit, "json").decode()


def ended_traction(night: Night) -> str:
    """The release begins 2 s before the end."""
    return night.ended.replace(":34", ":32")


def test_a_day_finds_what_began_on_it(bench: ConsoleBench, night: Night) -> None:
    following = night.day + timedelta(days=1)
    for page in ("/sessions?from={0}&to={0}", "/notes?claims={0}"):
        found, others = (
            bench.page(page.format(day)).partition('id="claims"') for day in (night.day, following)
        )
        assert "/sessions/s-1" in "".join(found[-1] or found)
        assert "/sessions/s-1" not in "".join(others[-1] or others)
    assert f"{night.day:%A} {night.day}</h2>" in bench.page("/notes")


def test_the_live_page_tells_what_is_of_before_the_hour(bench: ConsoleBench, night: Night) -> None:
    raised = RaisedAlarm(code="check_in_due", number=1, utc_ms=night.began_ms + 20_000)
    bench.links["Table 1"].show(
        doing=Doing.SESSION,
        session_id="s-2",
        phase="holding",
        alarms=(raised,),
        responsible="Pat Jones",
        responsible_since_ms=night.began_ms + 20_000,
    )
    page = bench.page("/units/Table%201")
    assert f'id="clock">{night.clock}<' in page
    assert f"{night.before}" in page
    assert f"Pat Jones has been responsible at Table 1 since {night.before}" in page


def test_what_an_open_page_has_told_is_told_anew_behind_the_hour(
    folder: RecordFolder, night: Night
) -> None:
    open_clinic(folder)
    clock = VirtualClock(utc_origin_ms=night.began_ms + 20_000)
    raised = RaisedAlarm(code="check_in_due", number=1, utc_ms=night.began_ms + 20_000)
    with console_bench(folder, clock) as bench:
        link, frames = bench.links["Table 1"], bench.site.frames
        hold: dict[str, Any] = {"doing": Doing.SESSION, "session_id": "s-2", "phase": "holding"}
        told = {}
        for at_s in (5.0, 9.0, 20.0):
            clock.sleep_until(1000.0 + at_s)
            link.show(**hold, alarms=(raised,))
            unit = frames.present().of("Table 1")
            told[unit.shape] = unit.alarms[0].at
    time_of_day = re.findall(r"\d\d:\d\d:\d\d", night.before)
    assert [*told.values()] == [*time_of_day, night.before], "each shape is drawn once"


def test_the_overview_has_the_list_of_the_day_that_it_is(bench: ConsoleBench, night: Night) -> None:
    today = datetime.fromisoformat(night.ended[:10]).date()
    days = {
        day: [
            Appointment(
                time="09:00",
                table="Table 1",
                reference=reference,
                last_name="Poe",
                first_name="Mary",
                birth_date=date(1971, 2, 28),
            )
        ]
        for day, reference in (
            (today - timedelta(days=1), "OF-BEFORE"),
            (today, "OF-TODAY"),
            (today + timedelta(days=1), "OF-TOMORROW"),
        )
    }
    write_days(bench.site.folder, author(bench.site.folder), days, file="", content=b"")
    page = bench.page("/")
    assert f"Today, {today}" in page
    assert {*re.findall(r"OF-[A-Z]+", page)} == {"OF-TODAY"}

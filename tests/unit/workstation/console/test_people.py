"""Who sits here: asked before an act, kept in the browser, believed only when signed."""

from __future__ import annotations

import pytest

from controller.runtime.clock import VirtualClock
from controller.snapshot import Doing
from records.store.record_folder import RecordFolder
from tests.support.console_bench import PERSON, ConsoleBench
from tests.support.unit_stages import HOLDING, SESSION
from workstation.console.kept_sign_ins import KeptSignIns, key_in
from workstation.session.workplace import FiledSession
from workstation.station.place import station_folder

IDLE_S = 600


def test_a_name_is_kept_and_shown_on_every_page(bench: ConsoleBench) -> None:
    assert "who sits here?" in bench.page("/")
    assert "Pat Jones, PT, DPT" in bench.page("/person")
    assert bench.post("/person", name="Pat Jones", back="/units/Table%201") == "/units/Table%201"
    assert ">Pat Jones</a>" in bench.page("/units/Table%201")
    bench.post("/person/leave")
    assert "who sits here?" in bench.page("/")


@pytest.mark.parametrize("name", ["", "   ", "x" * 10_000, "a\nb", "\u202etxt"])
def test_what_is_no_name_is_refused_and_shown_again(bench: ConsoleBench, name: str) -> None:
    answer = bench.client.post("/person", data={"name": name})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert bench.site.people.sign_ins.cookie not in bench.client.cookies


def test_a_script_as_a_name_is_text(bench: ConsoleBench) -> None:
    bench.sit_down("<script>alert(1)</script>")
    assert "<script>alert" not in bench.page("/")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in bench.page("/")


def test_a_forged_name_is_nobody(bench: ConsoleBench) -> None:
    bench.sit_down()
    cookie = bench.site.people.sign_ins.cookie
    signed = bench.client.cookies[cookie].strip('"')
    for forged in ("Pat Jones", signed[:-2] + "xx", "x" + signed, ""):
        bench.client.cookies.set(cookie, forged, domain="127.0.0.1", path="/")
        bench.client.cookies.clear()
        answer = bench.client.get("/", headers={"cookie": f"{cookie}={forged}"})
        assert "who sits here?" in answer.text


@pytest.mark.parametrize("back", ["http://evil.example/", "//evil.example", "/\\evil", "x"])
def test_nobody_is_sent_elsewhere(bench: ConsoleBench, back: str) -> None:
    assert bench.post("/person", name="Pat Jones", back=back) == "/"


def test_the_key_of_names_stays_for_the_next_console(folder: RecordFolder) -> None:
    station = station_folder(folder.path)
    key = key_in(station)
    assert key_in(station) == key
    assert (station / "console.key").stat().st_mode & 0o077 == 0


def test_without_a_touch_for_ten_minutes_somebody_is_signed_out(
    bench: ConsoleBench, clock: VirtualClock
) -> None:
    bench.sit_down()
    clock.sleep_until(clock.now_s() + IDLE_S)
    assert ">Pat Jones</a>" in bench.page("/")
    clock.sleep_until(clock.now_s() + 1.0)
    page = bench.page("/")
    assert "who sits here?" in page
    assert '<p id="signed-out" role="alert">You were signed out after 10 min. ' in page
    assert bench.client.get("/person/here").status_code == 410
    bench.sit_down()
    assert '<p id="signed-out" role="alert" hidden>' in bench.page("/")
    assert bench.client.get("/person/here").status_code == 204


@pytest.mark.parametrize("touch", ["page", "word"])
def test_a_touch_begins_the_ten_minutes_anew(
    bench: ConsoleBench, clock: VirtualClock, touch: str
) -> None:
    """A page that is read again by itself is none."""
    bench.sit_down()
    for _ in range(3):
        clock.sleep_until(clock.now_s() + IDLE_S - 1)
        if touch == "page":
            bench.client.get("/", headers={"sec-fetch-user": "?1"})
        else:
            assert bench.client.post("/person/touched").status_code == 204
    assert ">Pat Jones</a>" in bench.page("/")
    for _ in range(2):
        clock.sleep_until(clock.now_s() + IDLE_S - 1)
        bench.page("/")
    assert "who sits here?" in bench.page("/")
    assert bench.client.post("/person/touched").status_code == 410


def test_nobody_is_signed_out_while_a_session_that_they_started_is_open(
    bench: ConsoleBench, clock: VirtualClock
) -> None:
    bench.sit_down()
    unit, link = bench.site.units["Table 1"], bench.links["Table 1"]
    unit.prepare(FiledSession(session_id=SESSION, patient_key="ab", order_digest="cd"), PERSON)
    link.show(**HOLDING)
    clock.sleep_until(clock.now_s() + 3 * IDLE_S)
    assert ">Pat Jones</a>" in bench.page("/")
    link.show(doing=Doing.IDLE, session_id="")
    assert "who sits here?" in bench.page("/")


def test_nobody_is_signed_out_while_they_are_responsible_for_a_session(
    bench: ConsoleBench, clock: VirtualClock
) -> None:
    bench.sit_down()
    unit, link = bench.site.units["Table 1"], bench.links["Table 1"]
    unit.prepare(FiledSession(session_id=SESSION, patient_key="ab", order_digest="cd"), "B. Other")
    link.show(**HOLDING, responsible=PERSON, responsible_since_ms=0)
    unit.keep()
    assert unit.held_by == {"B. Other", PERSON}, "who began it stays, too"
    clock.sleep_until(clock.now_s() + 3 * IDLE_S)
    assert ">Pat Jones</a>" in bench.page("/")
    link.show(responsible="B. Other")
    unit.keep()
    assert "who sits here?" in bench.page("/")


def test_what_was_typed_before_the_sign_out_is_kept(
    bench: ConsoleBench, clock: VirtualClock
) -> None:
    bench.sit_down()
    bench.links["Table 1"].show(**HOLDING)
    clock.sleep_until(clock.now_s() + IDLE_S + 1)
    form = {"session": SESSION, "id": "r1", "act": "more", "words": "turned head"}
    answer = bench.client.post("/units/Table%201/requests", data=form)
    assert answer.status_code == 422
    assert "What you typed is kept." in answer.text
    assert "turned head" in answer.text
    assert bench.links["Table 1"].asked == []
    assert bench.client.post("/stop/Table%201").status_code == 200


def test_two_stations_of_one_machine_share_no_name(bench: ConsoleBench) -> None:
    others = KeptSignIns(bench.site.folder, b"another station", bench.log.append)
    assert others.cookie != bench.site.people.sign_ins.cookie

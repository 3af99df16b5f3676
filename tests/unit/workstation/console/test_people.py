"""Who sits here: asked before an act, kept in the browser, believed only when signed."""

from __future__ import annotations

import pytest

from records.store.record_folder import RecordFolder
from tests.support.console_bench import ConsoleBench
from workstation.console.people import COOKIE, key_in
from workstation.station.place import station_folder


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
    assert COOKIE not in bench.client.cookies


def test_a_script_as_a_name_is_text(bench: ConsoleBench) -> None:
    bench.sit_down("<script>alert(1)</script>")
    assert "<script>alert" not in bench.page("/")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in bench.page("/")


def test_a_forged_name_is_nobody(bench: ConsoleBench) -> None:
    bench.sit_down()
    signed = bench.client.cookies[COOKIE].strip('"')
    for forged in ("Pat Jones", signed[:-2] + "xx", "x" + signed, ""):
        bench.client.cookies.set(COOKIE, forged, domain="127.0.0.1", path="/")
        bench.client.cookies.clear()
        answer = bench.client.get("/", headers={"cookie": f"{COOKIE}={forged}"})
        assert "who sits here?" in answer.text


@pytest.mark.parametrize("back", ["http://evil.example/", "//evil.example", "/\\evil", "x"])
def test_nobody_is_sent_elsewhere(bench: ConsoleBench, back: str) -> None:
    assert bench.post("/person", name="Pat Jones", back=back) == "/"


def test_the_key_of_names_stays_for_the_next_console(folder: RecordFolder) -> None:
    station = station_folder(folder.path)
    key = key_in(station)
    assert key_in(station) == key
    assert (station / "console.key").stat().st_mode & 0o077 == 0

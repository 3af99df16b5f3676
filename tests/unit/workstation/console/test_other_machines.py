"""A machine that no setting names may watch and stop, whatever it sends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from controller.runtime.clock import VirtualClock
from records.clinic.audit import accesses
from records.store.record_folder import RecordFolder
from tests.support.console_bench import CONSOLE, ConsoleBench, console_bench
from tests.support.console_routes import asked_path, every_route
from tests.support.sessions import SETTINGS
from tests.support.unit_stages import HOLDING
from tests.unit.workstation.console.test_unit_page import FACTS
from workstation.console.other_machines import WATCHES

DESK = "https://desk.example:8720"
SETTINGS_ELSEWHERE = SETTINGS.model_copy(
    update={
        "console_addresses": "desk.example",
        "console_acting_addresses": "192.0.2.7 2001:db8::7",
    }
)
WATCHING = {
    ("GET", "/"),
    ("GET", "/events"),
    ("GET", "/units/{name}"),
    ("GET", "/units/{name}/chart"),
    ("GET", "/stop"),
    ("GET", "/stop/{name}"),
    ("POST", "/stop"),
    ("POST", "/stop/{name}"),
}
"""Everything that another machine may ask for."""


@pytest.fixture
def bench(on_file: RecordFolder, clock: VirtualClock) -> Iterator[ConsoleBench]:
    """A console that is served under another name as well, and a person who sits at it."""
    with console_bench(on_file, clock, settings=SETTINGS_ELSEWHERE) as opened:
        opened.sit_down()
        opened.links["Table 1"].show(**HOLDING)
        opened.site.units["Table 1"].facts = FACTS
        yield opened


@pytest.fixture
def watcher(bench: ConsoleBench) -> TestClient:
    """A machine that no setting names; its browser has the cookie of somebody who is signed in."""
    return bench.machine_at("192.0.2.9", DESK)


@pytest.mark.parametrize(("method", "path"), every_route())
def test_every_route_is_refused_to_other_machines_but_watching_and_stop(
    watcher: TestClient, bench: ConsoleBench, method: str, path: str
) -> None:
    if path == "/events":
        return  # its stream has no end: what it shows is not tried here
    before = len(accesses(bench.site.folder))
    answer = watcher.request(method, asked_path(path), data={} if method == "POST" else None)
    if (method, path) in WATCHING:
        assert answer.status_code == 200
        assert "J.D." not in answer.text
        assert "TEST-1" not in answer.text
    else:
        assert answer.status_code == 403
        assert WATCHES in answer.text
        assert "STOP Table 1" in answer.text
    assert len(accesses(bench.site.folder)) == before
    assert bench.links["Table 1"].asked == []


def test_the_workstation_s_own_page_names_whose_session_it_is(bench: ConsoleBench) -> None:
    """Else the test above would prove nothing."""
    assert "J.D. TEST-1" in bench.page("/units/Table%201")
    assert "J.D." in bench.page("/")


def test_a_watching_page_has_figures_and_stop_and_nothing_to_press_beside(
    watcher: TestClient,
) -> None:
    for path in ("/", "/units/Table%201"):
        page = watcher.get(path).text
        assert 'action="https://desk.example:8721/stop/Table%201"' in page
        assert page.count("<form") == 1
        assert "This machine may watch and stop." in page
        assert "/patients" not in page


def test_no_word_of_a_request_makes_another_machine_this_one(
    watcher: TestClient, bench: ConsoleBench
) -> None:
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host", "Via"):
        for said in ("127.0.0.1", "for=127.0.0.1", "192.0.2.7", "localhost"):
            answer = watcher.get("/patients", headers={name: said})
            assert answer.status_code == 403
    here = bench.machine_at("192.0.2.9", CONSOLE)
    assert here.get("/patients").status_code == 403


@pytest.mark.parametrize(
    ("address", "acts"),
    [
        ("192.0.2.7", True),
        ("::ffff:192.0.2.7", True),
        ("2001:db8:0::7", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("192.0.2.70", False),
        ("2001:db8::8", False),
        ("fe80::1%eth0", False),
        ("testclient", False),
    ],
)
def test_the_machines_of_the_setting_act(bench: ConsoleBench, address: str, acts: bool) -> None:
    client = bench.machine_at(address, DESK)
    answer = client.post("/person", data={"name": "A. Example"})
    assert answer.status_code == (303 if acts else 403)
    cookies = answer.headers.get_list("set-cookie")
    assert all(each.endswith("; Secure") for each in cookies)
    assert any(each.startswith("traction_person") for each in cookies) is acts


@pytest.mark.parametrize(
    "origin",
    [
        "http://desk.example:8720",
        "https://desk.example:8721",
        "https://desk.example",
        "https://evil.example:8720",
        "https://localhost:8720",
    ],
)
def test_only_encrypted_pages_of_the_console_itself_act(bench: ConsoleBench, origin: str) -> None:
    client = bench.machine_at("192.0.2.7", DESK)
    answer = client.post("/person", data={"name": "A"}, headers={"origin": origin})
    assert answer.status_code == 403
    assert "Only pages of this console may do that" in answer.text


def test_a_page_over_tls_reaches_for_nothing_in_the_open(watcher: TestClient) -> None:
    policy = watcher.get("/").headers["content-security-policy"]
    assert "connect-src 'self' https://desk.example:8721;" in policy
    assert "form-action 'self' https://desk.example:8721;" in policy
    assert "http:" not in policy


def test_what_is_watched_and_no_more() -> None:
    assert set(every_route()) >= WATCHING

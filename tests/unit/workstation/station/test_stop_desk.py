"""Which requests stop, which do not, and in which words that is said."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.order.force_unit import ForceUnit
from controller.runtime.clock import VirtualClock
from tests.support.stops import AT_14_03_22, FREE, WORDS, Table, neighbours
from workstation.station.stop_desk import ANSWER_S, SHOWN_S, StopDesk
from workstation.station.stop_request import MOST_HEAD_BYTES, whole_head
from workstation.station.stop_target import SeenForce, StopAnswer, StopResult, StopWording

PORT = 8721
HERE = f"Host: 127.0.0.1:{PORT}"
ANSWERED = "<section data-answered>"
"""What a page's script takes for an answer."""
ALREADY = StopAnswer(result=StopResult.ALREADY_ORDERED, utc_ms=AT_14_03_22, force_n=59.2)
NOTHING = StopAnswer(result=StopResult.NOTHING_OPEN, utc_ms=AT_14_03_22 + 2000, force_n=1.8)


class Reception:
    """A desk in virtual time with two tables."""

    def __init__(self, words: StopWording = WORDS) -> None:
        self.clock = VirtualClock()
        self.tables = [Table("Table 1"), Table("Table 2")]
        self.reported: list[str] = []
        self.desk = StopDesk(
            self.tables,
            neighbours(PORT, "desk.example"),
            words=words,
            clock=self.clock,
            report=self.reported.append,
        )

    def ask(self, first: str, *headers: str) -> str:
        head = "\r\n".join([first, *(headers or (HERE,))]).encode("latin-1")
        pending = self.desk.handle(head, "127.0.0.1")
        self.clock.sleep_until(pending.due_s)
        return pending.content().as_bytes().decode()

    def post(self, path: str = "/stop/Table%201", *headers: str) -> str:
        return self.ask(f"POST {path} HTTP/1.1", *headers)

    def presses(self) -> list[int]:
        return [len(table.presses) for table in self.tables]


@pytest.fixture
def reception() -> Reception:
    return Reception()


def test_a_door_of_invented_patients_says_so_on_every_page(reception: Reception) -> None:
    said = "SIMULATED: training with invented patients. Nobody is treated here."
    requests = ("GET / HTTP/1.1", "POST /stop HTTP/1.1", "GET /stop/Nowhere HTTP/1.1")
    assert not any(said in reception.ask(request) for request in requests)
    training = Reception(replace(WORDS, is_training=True))
    assert all(said in training.ask(request) for request in requests)
    assert said in training.desk.too_long().as_bytes().decode()


def sentences(answer: str) -> list[str]:
    """What a page says below the name of the unit."""
    return [unescape(text) for text in re.findall(r"<p>(.*?)</p>", answer)]


def status(answer: str) -> str:
    return answer.split()[1]


# --- who stops --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://127.0.0.1:8720",
        "http://localhost:8720",
        "http://[::1]:8720",
        f"http://127.0.0.1:{PORT}",
        "https://desk.example:8720",
    ],
)
def test_pages_of_this_workstation_stop(reception: Reception, origin: str | None) -> None:
    answer = reception.post("/stop/Table%201", HERE, *([f"Origin: {origin}"] if origin else []))
    assert status(answer) == "200"
    assert reception.presses() == [1, 0]
    readers = re.findall(r"Access-Control-Allow-Origin: (\S+)", answer)
    assert readers == ([origin] if origin not in (None, "null") else [])


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:80",
        "https://localhost:8720",
        "http://desk.example:8720",
        "http://127.0.0.1:8720.evil.example",
        "http://127.0.0.1:8720@evil.example:8720",
        "http://localhost.evil.example:8720",
        "file://127.0.0.1:8720",
        "http://[::1",
        "http://127.0.0.1:99999",
        "",
        "NULL",
    ],
)
def test_a_foreign_page_is_refused_logged_and_told(reception: Reception, origin: str) -> None:
    for _ in range(3):
        answer = reception.post("/stop", HERE, f"Origin: {origin}")
        assert status(answer) == "403"
        assert "Access-Control" not in answer
    assert reception.presses() == [0, 0]
    assert len(reception.reported) == 1
    assert [table.told for table in reception.tables] == [reception.reported] * 2
    assert "tried to stop a unit and was refused" in reception.reported[0]


@pytest.mark.parametrize("origin", ["Origin: null", "X-None: x"])
def test_a_page_of_another_site_that_hides_its_origin_stops_nothing(
    reception: Reception, origin: str
) -> None:
    answer = reception.post("/stop", HERE, origin, "Sec-Fetch-Site: cross-site")
    assert (status(answer), reception.presses()) == ("403", [0, 0])
    assert "a page of another site in a browser" in reception.reported[0]
    assert "/stop/Table%201" in answer  # whoever meant it presses here


@pytest.mark.parametrize("site", ["same-site", "same-origin", "none"])
def test_the_console_s_own_form_names_no_origin_to_the_door(
    reception: Reception, site: str
) -> None:
    answer = reception.post("/stop/Table%201", HERE, "Origin: null", f"Sec-Fetch-Site: {site}")
    assert (status(answer), reception.presses()) == ("200", [1, 0])


def test_a_page_that_names_the_console_stops_whatever_site_the_browser_says(
    reception: Reception,
) -> None:
    """No page can name an origin that it does not have, and a STOP is refused to nobody of ours."""
    own = "Origin: http://127.0.0.1:8720"
    answer = reception.post("/stop", HERE, own, "Sec-Fetch-Site: cross-site")
    assert (status(answer), reception.presses()) == ("200", [1, 1])


def test_one_foreign_origin_of_two_is_foreign(reception: Reception) -> None:
    own = "Origin: http://127.0.0.1:8720"
    answer = reception.post("/stop", HERE, own, "Origin: http://evil.example")
    assert (status(answer), reception.presses()) == ("403", [0, 0])


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:1", "[::1]:8721", "DESK.example", "127.0.0.1:8721"]
)
def test_our_names_are_hosts_with_any_port(reception: Reception, host: str) -> None:
    reception.post("/stop", f"Host: {host}")
    assert reception.presses() == [1, 1]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "a@b"])
def test_another_name_is_refused(reception: Reception, host: str) -> None:
    """A name of somebody else's that leads to this machine (DNS rebinding)."""
    assert status(reception.post("/stop", f"Host: {host}")) == "421"
    assert status(reception.post("/stop", HERE, f"Host: {host}")) == "421"
    assert reception.presses() == [0, 0]


def test_a_program_without_a_host_stops(reception: Reception) -> None:
    head = b"POST /stop/Table%202 HTTP/1.0"
    assert status(reception.desk.handle(head, "127.0.0.1").content().as_bytes().decode()) == "200"
    assert reception.presses() == [0, 1]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "post", "Stop"])
def test_only_a_post_stops(reception: Reception, method: str) -> None:
    for path in ("/stop/Table%201", "/stop", "/"):
        reception.ask(f"{method} {path} HTTP/1.1")
    assert reception.presses() == [0, 0]


@pytest.mark.parametrize(
    "path", ["/stop", "/stop/", "/stop?unit=1", f"http://127.0.0.1:{PORT}/stop"]
)
def test_the_short_path_stops_all_and_names_each(reception: Reception, path: str) -> None:
    answer = reception.post(path)
    assert reception.presses() == [1, 1]
    assert re.findall(r"<h2>(Table .)</h2><p>STOP was", answer) == ["Table 1", "Table 2"]


@pytest.mark.parametrize("path", ["/stop/Table%203", "/stop/table%201", "/stop/%00", "/", "/x"])
def test_a_press_on_what_is_not_there_says_that_nothing_was_stopped(
    reception: Reception, path: str
) -> None:
    answer = reception.post(path)
    assert (status(answer), reception.presses()) == ("404", [0, 0])
    assert "STOP Table 1" in answer
    if path.startswith("/stop"):
        assert "NOTHING WAS STOPPED" in answer


def test_a_name_of_any_characters_is_found_and_never_markup(reception: Reception) -> None:
    name = '<b onload="x">&\u684c/1'
    table = Table(name)
    desk = StopDesk([table], neighbours(PORT), words=WORDS, clock=VirtualClock(), report=print)
    got = desk.handle(b"GET / HTTP/1.1", "::1").content().as_bytes().decode()
    assert "<b " not in got
    (path,) = re.findall(r'action="([^"]+)"', got)
    desk.handle(f"POST {unescape(path)} HTTP/1.1".encode(), "::1")
    assert len(table.presses) == 1


def test_every_press_says_where_it_came_from_and_the_log_stays_short(reception: Reception) -> None:
    for _ in range(50):
        reception.post("/stop/Table%201", HERE, "Origin: http://127.0.0.1:8720")
    source = "STOP from 127.0.0.1, page of http://127.0.0.1:8720"
    assert {press.source for press in reception.tables[0].presses} == {source}
    assert reception.presses() == [50, 0]
    assert reception.reported == [f"Table 1: {source}"]


@given(head=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_no_bytes_break_the_desk_and_none_that_are_no_post_stop(head: bytes) -> None:
    reception = Reception()
    answer = reception.desk.handle(head, "127.0.0.1").content().as_bytes()
    assert answer.startswith(b"HTTP/1.1 ")
    if not head.startswith(b"POST "):
        assert reception.presses() == [0, 0]


def test_a_head_ends_with_an_empty_line_of_either_kind() -> None:
    assert (
        whole_head(b"POST /stop HTTP/1.1\r\nA: b\r\n\r\nbody\n\n") == b"POST /stop HTTP/1.1\r\nA: b"
    )
    assert whole_head(b"POST /stop HTTP/1.0\n\nbody") == b"POST /stop HTTP/1.0"
    assert whole_head(b"POST /stop HTTP/1.1\r\n" + b"x" * MOST_HEAD_BYTES) is None


# --- in which words ---------------------------------------------------------------------------


def test_a_stop_says_its_force_and_then_its_release(reception: Reception) -> None:
    first = reception.post()
    assert sentences(first) == [
        "STOP was ordered at 14:03:22, force then 59.2 N. Look at the patient."
    ]
    assert 'http-equiv="refresh" content="1;url=/stop/Table%201"' in first
    assert "script" not in first
    assert ANSWERED in first
    reception.tables[0].seen_free = FREE
    later = reception.ask("GET /stop/Table%201 HTTP/1.1")
    assert sentences(later)[1:] == ["Released: 1.8 N at 14:03:24."]
    assert "refresh" not in later
    assert reception.presses() == [1, 0]


def test_a_second_press_says_when_the_first_was(reception: Reception) -> None:
    table = reception.tables[0]
    table.answers, table.seen_free = ALREADY, FREE
    assert sentences(reception.post()) == [
        "STOP was already ordered at 14:03:22.",
        "Released: 1.8 N.",
    ]


def test_of_two_who_press_at_once_one_is_told_that_the_stop_was_ordered(
    reception: Reception,
) -> None:
    table = reception.tables[0]
    head = f"POST /stop/Table%201 HTTP/1.1\r\n{HERE}".encode()
    first = reception.desk.handle(head, "127.0.0.1")
    table.answers = ALREADY
    second = reception.desk.handle(head, "127.0.0.1")
    ordered = ["STOP was ordered at 14:03:22, force then 59.2 N. Look at the patient."]
    assert sentences(first.content().as_bytes().decode()) == ordered
    assert sentences(second.content().as_bytes().decode()) == [
        "STOP was already ordered at 14:03:22."
    ]
    assert sentences(reception.ask("GET /stop/Table%201 HTTP/1.1")) == ordered
    reception.clock.sleep_until(reception.clock.now_s() + SHOWN_S + 1.0)
    assert sentences(reception.ask("GET /stop/Table%201 HTTP/1.1")) == ["Force 1.8 N at 14:03:24."]


def test_a_press_with_nothing_open_tells_the_force_if_it_is_known(reception: Reception) -> None:
    table = reception.tables[0]
    table.answers = NOTHING
    assert sentences(reception.post()) == [
        "No treatment is open on Table 1. Force 1.8 N at 14:03:24."
    ]
    table.answers = StopAnswer(result=StopResult.NOTHING_OPEN, utc_ms=AT_14_03_22, force_n=None)
    answer = reception.post()
    assert sentences(answer) == [
        "No treatment is open on Table 1. Force not known: look at the patient."
    ]
    assert "refresh" not in answer


def test_a_press_that_nothing_answers_did_not_reach(reception: Reception) -> None:
    table = reception.tables[0]
    table.answers = None
    before_s = reception.clock.now_s()
    answer = reception.post()
    assert reception.clock.now_s() - before_s == pytest.approx(ANSWER_S)
    assert sentences(answer) == [
        "STOP did not reach Table 1. Use the patient's switch or the emergency stop."
    ]
    assert "refresh" in answer
    assert ANSWERED not in answer
    assert ANSWERED not in reception.ask("GET / HTTP/1.1")
    table.manual_release = "Turn the wheel at the foot end."
    assert sentences(reception.ask("GET /stop/Table%201 HTTP/1.1")) == [
        "STOP did not reach Table 1. Use the patient's switch or the emergency stop. "
        "Manual release: Turn the wheel at the foot end."
    ]
    table.presses[0].given = ALREADY
    assert sentences(reception.ask("GET /stop/Table%201 HTTP/1.1")) == [
        "STOP was already ordered at 14:03:22."
    ]


def test_a_stop_is_answered_as_soon_as_every_unit_has_answered(reception: Reception) -> None:
    pending = reception.desk.handle(b"POST /stop HTTP/1.1", "127.0.0.1")
    assert pending.is_ready(reception.clock.now_s())
    reception.tables[1].answers = None
    pending = reception.desk.handle(b"POST /stop HTTP/1.1", "127.0.0.1")
    assert not pending.is_ready(reception.clock.now_s())
    assert pending.is_ready(reception.clock.now_s() + ANSWER_S)


def test_no_force_has_no_sign(reception: Reception) -> None:
    reception.tables[0].present = SeenForce(utc_ms=AT_14_03_22, force_n=-0.04)
    assert sentences(reception.ask("GET /stop/Table%201 HTTP/1.1")) == ["Force 0.0 N at 14:03:22."]


def test_no_force_has_no_sign_in_pounds_either() -> None:
    words = StopWording(zone=UTC, unit=ForceUnit.POUND)
    assert [words.force(force_n) for force_n in (-0.2, -0.3)] == ["0.0 lbf", "-0.1 lbf"]


def test_a_force_that_is_not_known_is_never_a_number(reception: Reception) -> None:
    table = reception.tables[0]
    table.answers = StopAnswer(result=StopResult.ORDERED, utc_ms=AT_14_03_22, force_n=None)
    assert "force then not known" in reception.post()
    table.present = SeenForce(utc_ms=AT_14_03_22, force_n=None)
    reception.clock.sleep_until(reception.clock.now_s() + 121)
    assert sentences(reception.ask("GET / HTTP/1.1"))[0] == (
        "Force not known: look at the patient."
    )

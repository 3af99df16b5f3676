"""What comes into the console, and what every answer tells a browser."""

from __future__ import annotations

import re

import pytest

from tests.support.console_bench import CONSOLE, ConsoleBench
from workstation.console.gate import MOST_BODY_BYTES

ELSEWHERE = "http://evil.example"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8720", "127.0.0.1.evil.example"])
def test_another_name_leads_to_no_console(bench: ConsoleBench, host: str) -> None:
    answer = bench.client.get("/", headers={"host": host})
    assert (answer.status_code, answer.text) == (421, "This console is not served under that name.")


@pytest.mark.parametrize("origin", [ELSEWHERE, "null", "http://127.0.0.1:9999", "https://", ""])
def test_a_page_of_elsewhere_may_not_act(bench: ConsoleBench, origin: str) -> None:
    headers = {"origin": origin}
    answer = bench.client.post("/person", data={"name": "A. Example"}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_an_act_without_an_origin_is_refused(bench: ConsoleBench) -> None:
    del bench.client.headers["origin"]
    assert bench.client.post("/person", data={"name": "A. Example"}).status_code == 403


def test_a_form_that_is_too_long_is_refused(bench: ConsoleBench) -> None:
    long = "x" * MOST_BODY_BYTES
    assert bench.client.post("/person", data={"name": long}).status_code == 413
    endless = bench.client.post("/person", content=iter([b"name=A"]))
    assert endless.status_code == 413


def test_every_answer_has_the_rules_for_browsers(bench: ConsoleBench) -> None:
    for path in ("/", "/nothing", "/static/another/console.css", "/person"):
        headers = bench.client.get(path).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'self'; connect-src 'self' http://127.0.0.1:8721;")
        assert "form-action 'self' http://127.0.0.1:8721" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


def test_a_browser_keeps_the_files_of_this_program_and_no_others(bench: ConsoleBench) -> None:
    """Their address says which program they are of: the next one's are asked for anew."""
    page = bench.client.get("/person").text
    (style,) = re.findall(r'href="(/static/[^"]+/console.css)"', page)
    own = bench.client.get(style)
    assert own.headers["cache-control"] == "public, max-age=31536000, immutable"
    for other in ("/static/another/console.css", style.replace("console.css", "none.css")):
        assert bench.client.get(other).headers["cache-control"] == "no-store"
    assert bench.client.get("/static/another/console.css").text == own.text


def test_a_get_on_an_act_does_nothing(bench: ConsoleBench) -> None:
    assert bench.client.get("/person/leave").status_code == 405
    answer = bench.client.get("/stop/Table%201")
    assert answer.status_code == 200
    assert bench.links["Table 1"].presses == []


def test_a_stop_needs_no_origin_and_takes_its_own(bench: ConsoleBench) -> None:
    link = bench.links["Table 1"]
    del bench.client.headers["origin"]
    for origin in (None, "null", CONSOLE, "http://localhost:8721"):
        headers = {} if origin is None else {"origin": origin}
        assert bench.client.post("/stop/Table%201", headers=headers).status_code == 200
    assert len(link.presses) == 4
    refused = bench.client.post("/stop/Table%201", headers={"origin": ELSEWHERE})
    assert refused.status_code == 403
    assert len(link.presses) == 4
    assert bench.client.post("/stop").status_code == 200
    assert len(link.presses) == 5

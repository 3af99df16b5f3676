"""What holds for every address of the console, whatever is behind it."""

from __future__ import annotations

import pytest

from tests.support.console_bench import ConsoleBench
from tests.support.console_routes import asked_path, every_route

FOREIGN = ("https://evil.example", "null", "http://127.0.0.1.evil.example")
STREAM = "/events"
"""Never ends; its headers are looked at in test_live_pages."""


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_foreign_name_leads_to_no_address(bench: ConsoleBench, method: str) -> None:
    """Rebinding: another name than ours stands for nothing here, STOP's address included."""
    for route_method, path in every_route():
        if route_method == method and path != STREAM:
            answer = bench.client.request(
                method, asked_path(path), headers={"host": "evil.example"}
            )
            assert answer.status_code == 421, (method, path)


@pytest.mark.parametrize("origin", FOREIGN)
def test_a_foreign_page_posts_to_no_address(bench: ConsoleBench, origin: str) -> None:
    """Without an origin, as an old browser sends it, a page stops and does nothing else."""
    for method, path in every_route():
        if method == "POST":
            answer = bench.client.post(asked_path(path), headers={"origin": origin})
            may_stop = path.startswith("/stop") and origin == "null"
            assert (answer.status_code == 403) is not may_stop, (path, answer.status_code)


def test_a_page_of_another_site_that_hides_its_origin_posts_to_no_address(
    bench: ConsoleBench,
) -> None:
    headers = {"origin": "null", "sec-fetch-site": "cross-site"}
    for method, path in every_route():
        if method == "POST":
            answer = bench.client.post(asked_path(path), headers=headers)
            assert answer.status_code == 403, path


def test_no_answer_is_kept_by_a_browser(bench: ConsoleBench) -> None:
    bench.sit_down()
    for method, path in every_route():
        if method == "GET" and path != STREAM:
            answer = bench.client.get(asked_path(path))
            assert answer.headers["cache-control"] == "no-store", path

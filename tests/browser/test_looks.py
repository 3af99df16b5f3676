"""Every page as people see it: no fault that axe finds, STOP in its place, nothing too small."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from starlette.routing import Route

from controller.alarms import RaisedAlarm
from controller.snapshot import Doing
from records.store.record_folder import RecordFolder
from tests.support.real_time import ROOT
from tests.support.reception import medicare_patient, open_clinic
from tests.support.served_console import ServedConsole, served_console
from tests.support.standing import example, keep
from workstation.console.application import PAGES

PICTURES = ROOT / "build" / "pictures"
"""Kept as results of the build."""
PATHS = {
    "/": "/",
    "/person": "/person",
    "/units/{name}": "/units/Table%201",
}
"""An address of every page, by the route that draws it."""
NO_PAGES = {"/events", "/stop", "/stop/{name}", "/units/{name}/chart"}
"""Routes that answer a GET with something else than a page of the console."""
SIZES = {"desk": (1280, 800), "wide": (1920, 1080), "tablet": (1024, 768)}
LEAST_TEXT_PX = 18


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedConsole]:
    """Two tables, one of them in a hold with an alarm of high priority."""
    folder = RecordFolder(tmp_path_factory.mktemp("looks") / "data")
    folder.path.mkdir(mode=0o700)
    open_clinic(folder)
    keep(
        folder,
        example("unit", name="Table 2", address="modbus-tcp://192.0.2.6:502", unit_id="0a" * 8),
    )
    keep(folder, medicare_patient("2026-11-18"))
    with served_console(folder) as served:
        served.links["Table 1"].show(
            doing=Doing.SESSION,
            session_id="20261130T140000Z-aaaaaa",
            phase="holding",
            hold_number=3,
            hold_count=11,
            elapsed_s=271.0,
            planned_s=900.0,
            target_n=102.3,
            force_n=101.0,
            ceiling_n=110.0,
            limit_n=120.0,
            increase_n=5.0,
            reading_age_s=0.05,
            alarms=(
                RaisedAlarm(code="patient_switch_pressed", number=1, utc_ms=1_796_000_000_000),
                RaisedAlarm(code="console_lost", number=2, utc_ms=1_796_000_100_000),
                RaisedAlarm(code="check_in_due", number=3, utc_ms=1_796_000_200_000),
            ),
        )
        yield served


@pytest.fixture
def looked(browser: Browser, console: ServedConsole) -> Iterator[Page]:
    """A page at the size of a desk, of somebody who has said a name."""
    context = browser.new_context(base_url=console.address, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto("/person")
    page.get_by_label("Another name").fill("Pat Jones")
    page.get_by_role("button", name="Take this name").click()
    yield page
    context.close()


def test_every_page_has_an_address_here() -> None:
    """A new page is looked at, or said to be none."""
    routes = [route for make in PAGES for route in make() if isinstance(route, Route)]
    shown = {route.path for route in routes if "GET" in (route.methods or set())}
    assert shown - NO_PAGES == set(PATHS)


@pytest.mark.parametrize("path", PATHS.values())
def test_a_page_is_fit_to_be_read(looked: Page, path: str) -> None:
    """Nothing that axe finds in light and dark, no small text, no low target."""
    looked.goto(path)
    looked.locator("#door-state", has_text="STOP: ready").wait_for()
    for scheme in ("light", "dark"):
        looked.emulate_media(color_scheme=scheme)
        looked.screenshot(path=_picture(path, scheme), full_page=True)
        found = Axe().run(looked, options={"resultTypes": ["violations"]}).response["violations"]
        assert [_told(each) for each in found] == []
    assert looked.evaluate(SMALL_TEXT, LEAST_TEXT_PX) == []
    assert looked.evaluate(LOW_TARGETS) == []


@pytest.mark.parametrize("path", PATHS.values())
def test_stop_stands_where_it_always_is(looked: Page, path: str) -> None:
    for size, (width, height) in SIZES.items():
        looked.set_viewport_size({"width": width, "height": height})
        looked.goto(path)
        looked.screenshot(path=_picture(path, size))
        stop = looked.locator("form.stop button").first
        box = stop.bounding_box()
        assert box is not None
        assert (box["x"], box["y"]) == pytest.approx((19.0, 11.0), abs=12.0)
        if path.startswith("/units/"):
            assert box["width"] >= 220
            assert box["height"] >= 72
        assert looked.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert looked.evaluate(
            "([x, y]) => document.elementFromPoint(x, y).closest('form.stop') !== null",
            [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2],
        )


@pytest.mark.parametrize("path", ["/", "/units/Table%201"])
def test_a_telephone_shows_the_treatment_without_scrolling_sideways(
    looked: Page, path: str
) -> None:
    looked.set_viewport_size({"width": 390, "height": 844})
    looked.goto(path)
    looked.screenshot(path=_picture(path, "telephone"))
    assert looked.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert looked.locator("form.stop button").first.is_visible()


SMALL_TEXT = """least => [...document.querySelectorAll("body *")]
  .filter(each => each.checkVisibility() && [...each.childNodes].some(
    node => node.nodeType === Node.TEXT_NODE && node.textContent.trim()))
  .filter(each => parseFloat(getComputedStyle(each).fontSize) < least)
  .map(each => each.outerHTML.slice(0, 80))"""
LOW_TARGETS = """() => [...document.querySelectorAll("button, select, input, nav a, summary")]
  .filter(each => each.checkVisibility() && !["hidden", "checkbox", "radio"].includes(each.type))
  .filter(each => each.getBoundingClientRect().height < 48)
  .map(each => each.outerHTML.slice(0, 80))"""


def _told(violation: dict[str, object]) -> tuple[object, object, list[object]]:
    nodes = violation["nodes"]
    assert isinstance(nodes, list)
    return violation["id"], violation["help"], [node["html"][:100] for node in nodes[:4]]


def _picture(path: str, how: str) -> Path:
    PICTURES.mkdir(parents=True, exist_ok=True)
    name = path.strip("/").replace("/", "-").replace("%20", "-") or "overview"
    return PICTURES / f"{name}-{how}.png"

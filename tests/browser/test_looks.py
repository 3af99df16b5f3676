"""Every page as people see it: no fault found by axe, STOP in its place, nothing too small."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from starlette.routing import Route

from controller.alarms import RaisedAlarm
from controller.runtime.clock import SystemClock
from controller.snapshot import Doing
from records.claim.context_file import ImportedClaim
from records.evidence.reader import list_sessions
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from tests.browser.test_state_words import WORDS
from tests.support.browser_axe import (
    CONTRAST,
    OTHER_RULES_OF_COLOURS,
    Contrasts,
    bring_axe,
    violations,
)
from tests.support.camera import Camera
from tests.support.claims import FEES
from tests.support.console_bench import console_bench
from tests.support.console_visits import begin, identified, screened, sent, with_dose
from tests.support.page_faults import faults, lengthen, moved_by
from tests.support.real_time import ROOT
from tests.support.reception import (
    CLINIC_OF_CLAIMS,
    FINDINGS,
    FIRST_TIME,
    OTHERWISE,
    medicare_patient,
    open_clinic,
    reception,
)
from tests.support.served_console import ServedConsole, served_console
from tests.support.sessions import SETTINGS
from tests.support.standing import example, keep
from tests.support.unit_stages import BELL, CHECKING, ENDED, LOCKED
from workstation.console.application import PAGES
from workstation.console.asked_claim import HeldClaim
from workstation.station.messages import Prepare
from workstation.visit.claim_to_fill_in import claim_to_fill_in
from workstation.visit.flow import AskedVisit, begin_visit

STYLES = ROOT / "workstation" / "console" / "static"
PATHS = {
    "/": "/",
    "/person": "/person",
    "/emergency": "/emergency",
    "/sound": "/sound",
    "/units/{name}": "/units/Table%201",
    "/patients": "/patients?find=doe",
    "/patients/new": "/patients/new",
    "/patients/{reference:path}": "/patients/TEST-1",
    "/patients/{reference:path}/change": "/patients/TEST-1/change",
    "/visits/ended": "/visits/ended",
    "/visits/{visit}": "/visits/visit-0",
    "/visits/{visit}/identify": "{begun}/identify",
    "/visits/{visit}/dose": "{identified}/dose",
    "/visits/{visit}/screen": "{dosed}/screen",
    "/visits/{visit}/order": "{screened}/order",
    "/notes": "/notes",
    "/sessions/{session}/note": "/sessions/{session}/note",
    "/sessions/{session}/claim": "/sessions/{session}/claim",
    "/sessions/{session}/estimate": "/sessions/{session}/estimate",
    "/sessions": "/sessions",
    "/sessions/{session_id}": "/sessions/{session}",
    "/sessions/{session_id}/verify": "/sessions/{session}/verify",
    "/sessions/{session_id}/replay": "/sessions/{session}/replay",
    "/alarms": "/alarms",
    "/more": "/more",
    "/audit": "/audit",
    "/settings": "/settings",
    "/about": "/about",
    "/card": "/card",
    "/support": "/support",
    "/support/file": "/support/file",
}
"""An address of every page, by the route that draws it."""
OTHERWISE_SHOWN = (
    "/sessions/{ordered}",
    "/sessions/{session}/claim?payer=cigna_ash&file={claim}",
    "/sound?played={played}",
)
"""Pages that the same routes draw of something else: an order without a session, an imported claim,
the question behind the sound."""
NO_PAGES = {
    "/events",
    "/person/here",
    "/stop",
    "/stop/{name}",
    "/units/{name}/chart",
    "/sessions/{session_id}/visit",
    "/sessions/{session_id}/replay/{replay_id}",
    "/sessions/{session}/export/{format}",
    "/sessions/{session}/claim/new",
    "/alarms.csv",
    "/support/file/{file_id}",
    "/support/units/{name}/captures/{file}",
}
"""Routes that answer a GET with something else than a page of the console: they send elsewhere,
or are of a script or files to keep."""
SIZES = {"desk": (1280, 800), "wide": (1920, 1080), "tablet": (1024, 768)}
WHOLE = "tablet"
"""The size at which a picture has the page down to its end; that of the dark page has it too."""
SCHEMES: Mapping[Literal["light", "dark"], Sequence[str]] = {
    "light": (),
    "dark": OTHER_RULES_OF_COLOURS,
}
"""The rules of axe for each colour scheme beside contrast; none named are all."""

TOLD_BY_ITSELF = [
    ("#door-state", WORDS["door away"]),
    ("#sound-state", WORDS["no sound"]),
    ("#sound-state", ""),
    ("#clock", "--"),
]
"""What the frame says without anybody's touch; nothing moves by it at any size."""
TOLD_OF_STOP = [*TOLD_BY_ITSELF, ("#stop-said", WORDS["STOP did not arrive"])]
"""With what is told of a press of STOP, which moves nothing either."""
STANDING, HEADLINE = "#unit-page [data-is=standing]", "#unit-page [data-is=headline]"
DONE = "19:05:06 paused at 115.0 N, the treatment clock is stopped, by Pat Jones"
NOT_DONE = f"Not done: {DONE}; {DONE}"
OF_AN_ACT = [*TOLD_OF_STOP, ("#asked", DONE), ("#asked", NOT_DONE), (STANDING, "")]
"""What one's own press may make a unit's page say."""
PHASES = ("resting, hold 3 of 11", "taking up slack", "armed")
SMALL = ((390, 844), (640, 400), (960, 540), (512, 384))
"""A telephone, and the three other windows at 200 % zoom."""

STOP = """() => {
  const stop = document.querySelector("form.stop button");
  const { x, y, width, height } = stop.getBoundingClientRect();
  const above = document.elementFromPoint(x + width / 2, y + height / 2);
  return [x, y, width, height, above.closest("form.stop") !== null];
}"""
"""Where the first STOP is, and whether nothing lies over it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """A console over a clinic with something on every page, and the values in its addresses."""

    console: ServedConsole
    names: Mapping[str, str]

    def path(self, template: str) -> str:
        return template.format(**self.names)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """A table in a hold with alarms, one in a pause, one complete visit and four begun ones."""
    made = tmp_path_factory.mktemp("looks")
    folder = RecordFolder(made / "data")
    folder.path.mkdir(mode=0o700)
    open_clinic(folder)
    keep(folder, example("clinic", **CLINIC_OF_CLAIMS, fee_table="fees.toml"), made_from=1)
    (folder.path / "fees.toml").write_text(FEES, encoding="utf-8")
    keep(folder, medicare_patient("2026-11-18"))
    with reception(folder, made / "claims") as opened:
        answers = {**FINDINGS, **OTHERWISE, **FIRST_TIME}
        begin_visit(opened.desk(answers), AskedVisit(reference="TEST-1"))
    keep(folder, medicare_patient("2026-11-18", reference="TEST-2", last_name="Poe"))
    second = example("unit", name="Table 2", address="modbus-tcp://192.0.2.6:502", unit_id="0a" * 8)
    keep(folder, second)
    names = _begun_visits(folder)
    names["session"] = list_sessions(folder)[0].head.session_id
    with served_console(folder) as served:
        served.links["Table 1"].show(**IN_A_HOLD, session_id=names["session"])
        served.links["Table 2"].show(**PAUSED)
        held = HeldClaim(names["session"], _claim_of(folder, names["session"]))
        names["claim"] = served.site.claim_files.keep(held)
        names["played"] = served.site.played_sounds.keep("the loudspeaker of the test")
        yield Clinic(console=served, names=names)


def _claim_of(folder: RecordFolder, session: str) -> ImportedClaim:
    """The claim in the form in which the page hands it out to be completed."""
    visit = load_visit(folder, session, SETTINGS)
    return ImportedClaim(claim_to_fill_in(folder, visit, None), "day.toml")


def _begun_visits(folder: RecordFolder) -> dict[str, str]:
    """The address of a visit at each of its steps."""
    with console_bench(folder, SystemClock()) as bench:
        bench.sit_down()
        found = {
            name: begin(bench, again=name) for name in ("begun", "identified", "dosed", "screened")
        }
        found["refused"] = begin(bench, "TEST-2")
        for name in ("identified", "dosed", "screened", "refused"):
            identified(bench, found[name])
        for name in ("dosed", "screened", "refused"):
            with_dose(bench, found[name])
        for name in ("screened", "refused"):
            screened(bench, found[name])
        assert sent(bench, found["refused"], unit="Table 2").status_code == 303
        (asked,) = bench.links["Table 2"].asked
        assert isinstance(asked, Prepare)
        found["ordered"] = asked.session_id
    return found


IN_A_HOLD: Mapping[str, Any] = {
    "doing": Doing.SESSION,
    "responsible": "Pat Jones",
    "responsible_since_ms": 1_796_000_000_000,
    "phase": "holding",
    "hold_number": 3,
    "hold_count": 11,
    "elapsed_s": 271.0,
    "planned_s": 900.0,
    "target_n": 102.3,
    "force_n": 101.0,
    "ceiling_n": 110.0,
    "limit_n": 120.0,
    "increase_n": 5.0,
    "reading_age_s": 0.05,
    "alarms": (
        RaisedAlarm(code="patient_switch_pressed", number=1, utc_ms=1_796_000_000_000),
        RaisedAlarm(code="console_lost", number=2, utc_ms=1_796_000_100_000),
        RaisedAlarm(code="check_in_due", number=3, utc_ms=1_796_000_200_000),
    ),
}
PAUSED: Mapping[str, Any] = {
    **IN_A_HOLD,
    "session_id": "20261130T150000Z-bbbbbb",
    "responsible": "Bartholomew Featherstonehaugh",
    "phase": "paused",
    "pause_left_s": 250.0,
    "alarms": (),
}
UNIT_STATES: Mapping[str, Mapping[str, Any]] = {
    "checking": {**CHECKING, "questions": (LOCKED, BELL)},
    "completed": {"phase": "completed", "questions": (ENDED,)},
    "no treatment": {"doing": Doing.IDLE, "session_id": "", "phase": "idle", "questions": ()},
}
"""By a word of what the page says the unit does."""


@pytest.fixture(scope="module")
def opened(browser: Browser, clinic: Clinic) -> Iterator[Page]:
    """The page of somebody who has given a name and goes from one page to the next."""
    context = browser.new_context(base_url=clinic.console.address)
    bring_axe(context)
    page = context.new_page()
    page.goto("/person")
    page.get_by_label("Another name").fill("Pat Jones")
    page.get_by_role("button", name="Take this name").click()
    yield page
    context.close()


@pytest.fixture(scope="module")
def contrasts() -> Contrasts:
    """The contrasts of all pages, which share nearly all of their looks."""
    return Contrasts()


@pytest.fixture
def looked(opened: Page) -> Page:
    """That page at the size of a desktop, in light colours as when it was opened."""
    opened.set_viewport_size({"width": 1280, "height": 800})
    opened.emulate_media(color_scheme="light")
    return opened


@pytest.fixture
def camera(looked: Page, request: pytest.FixtureRequest) -> Camera:
    """Takes pictures into the folder named on the command line."""
    return Camera(page=looked, folder=request.config.getoption("--pictures", None))


def test_every_page_has_an_address_here() -> None:
    """A new page is examined, or declared to be none."""
    routes = [route for make in PAGES for route in make() if isinstance(route, Route)]
    shown = {route.path for route in routes if "GET" in (route.methods or set())}
    assert shown - NO_PAGES == set(PATHS)


def test_dark_is_other_colours_and_nothing_else() -> None:
    """What axe finds in light, besides colours, therefore applies to dark as well."""
    said = {
        path.name: re.findall(r"@media \(prefers-color-scheme[^{]*\{(.*?\})\s*\}", text, re.DOTALL)
        for path in STYLES.glob("*.css")
        if "prefers-color-scheme" in (text := path.read_text(encoding="utf-8"))
    }
    assert [*said] == ["console.css"]
    (dark,) = said["console.css"]
    ((place, values),) = re.findall(r"(\S+) \{([^{}]*)\}", dark)
    assert place == ":root"
    for value in filter(None, map(str.strip, values.split(";"))):
        assert re.fullmatch(r"--[a-z-]+: #[0-9a-f]{6}", value), value


@pytest.mark.parametrize("path", PATHS.values())
def test_a_page_is_fit_to_be_read(
    looked: Page, contrasts: Contrasts, camera: Camera, clinic: Clinic, path: str
) -> None:
    """Nothing found by axe in light and dark, no small text, no low target, STOP in its place."""
    answer = looked.goto(clinic.path(path))
    assert answer is not None
    assert answer.status == 200
    assert answer.request.redirected_from is None
    looked.locator("#door-state", has_text="STOP: ready").wait_for()
    assert "`traction " not in looked.locator("body").inner_text()
    for size, (width, height) in SIZES.items():
        looked.set_viewport_size({"width": width, "height": height})
        camera.take(path, size, whole=size == WHOLE)
        _check_stop(looked, is_own=path.startswith("/units/"))
        assert faults(looked) == {}, size
        assert moved_by(looked, TOLD_OF_STOP) == [], size
    _check_colours(looked, contrasts)
    camera.take(path, "dark", whole=True)
    lengthen(looked)
    assert faults(looked) == {}, "with long words"


@pytest.mark.parametrize("path", OTHERWISE_SHOWN)
def test_a_page_of_something_else_is_fit_as_well(
    looked: Page, contrasts: Contrasts, camera: Camera, clinic: Clinic, path: str
) -> None:
    """In the narrowest size, with texts as long as at a clinic."""
    looked.set_viewport_size({"width": 1024, "height": 768})
    answer = looked.goto(clinic.path(path))
    assert answer is not None
    assert answer.status == 200
    _check_colours_and_words(looked, contrasts)
    camera.take(path.partition("?")[0], "otherwise", whole=True)


def test_a_unit_s_page_is_fit_in_every_state(
    looked: Page, contrasts: Contrasts, camera: Camera, clinic: Clinic
) -> None:
    """The checks with questions, the end, and the table when nobody is treated."""
    link = clinic.console.links["Table 2"]
    looked.set_viewport_size({"width": 1024, "height": 768})
    looked.goto("/units/Table%202")
    said = looked.locator(HEADLINE)
    for words, state in UNIT_STATES.items():
        link.show(**{**PAUSED, **state})
        expect(said).to_contain_text(words)
        _check_colours_and_words(looked, contrasts)
        camera.take(f"/units/{words}", "otherwise", whole=True)
        _check_that_nothing_moves(looked)
    link.show(**PAUSED)
    expect(looked.locator("#unit-page")).to_have_attribute("data-page", "live")
    for others in ("Pat Jones", "Ann Reed"):  # beside the session of somebody else is [Take over]
        link.show(responsible=others)
        expect(looked.locator("#unit-page [data-is=responsible]")).to_contain_text(others)
        for width, height in SIZES.values():
            looked.set_viewport_size({"width": width, "height": height})
            assert moved_by(looked, OF_AN_ACT) == [], (others, width)
    looked.set_viewport_size({"width": 1280, "height": 800})
    assert moved_by(looked, [(HEADLINE, phase) for phase in PHASES]) == []


def _check_that_nothing_moves(looked: Page) -> None:
    """Check that the first size, applied again last, gives the same result."""
    for width, height in (*SMALL, *SIZES.values()):
        looked.set_viewport_size({"width": width, "height": height})
        assert moved_by(looked, TOLD_OF_STOP) == [], (width, height)


def _check_colours(looked: Page, contrasts: Contrasts) -> None:
    """Check with axe in light and in dark, the colours in which it leaves the page."""
    for scheme, rules in SCHEMES.items():
        looked.emulate_media(color_scheme=scheme)
        assert violations(looked, rules, without=() if rules else (CONTRAST,)) == []
        assert contrasts.violations(looked) == []


def _check_colours_and_words(looked: Page, contrasts: Contrasts) -> None:
    _check_colours(looked, contrasts)
    looked.emulate_media(color_scheme="light")
    assert faults(looked) == {}
    lengthen(looked)
    assert faults(looked) == {}, "with long words"


def _check_stop(looked: Page, *, is_own: bool) -> None:
    """Check STOP: in its place on every page, large on its unit's own, and not covered."""
    x, y, width, height, is_above = looked.evaluate(STOP)
    assert (x, y) == pytest.approx((19.0, 11.0), abs=12.0)
    if is_own:
        assert width >= 220
        assert height >= 72
    assert is_above


@pytest.mark.parametrize(
    ("path", "seen_first"),
    [
        ("/", [".strip"]),
        ("/units/Table%201", ["#numbers [data-is=force]", ".alarm-acts button"]),
    ],
)
def test_a_telephone_shows_the_treatment_before_it_is_moved(
    looked: Page, camera: Camera, path: str, seen_first: Sequence[str]
) -> None:
    """Controls that watch, stop and silence are visible before scrolling."""
    looked.set_viewport_size({"width": 390, "height": 844})
    looked.goto(path)
    camera.take(path, "telephone")
    assert faults(looked) == {}
    for seen in ["form.stop button", *seen_first]:
        assert _ends_at(looked.locator(seen).last) <= 844, seen
    own_press = OF_AN_ACT if path.startswith("/units/") else TOLD_OF_STOP
    assert moved_by(looked, own_press) == []


def _ends_at(seen: Locator) -> float:
    box = seen.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


@pytest.mark.parametrize("size", SMALL)
@pytest.mark.parametrize("path", ["/", "/units/Table%201"])
def test_a_small_window_keeps_stop_and_leaves_room_to_read(
    looked: Page, path: str, size: tuple[int, int]
) -> None:
    """The page was scrolled to its end, and reports a fault without moving anything."""
    looked.set_viewport_size({"width": size[0], "height": size[1]})
    looked.goto(path)
    assert moved_by(looked, TOLD_OF_STOP) == []
    looked.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert looked.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for stop in looked.locator("form.stop button").all():
        box = stop.bounding_box()
        assert box is not None
        assert 0 <= box["y"] < size[1] / 2
        assert box["height"] >= 48
    held = looked.locator(".bar").bounding_box()
    assert held is not None
    assert held["height"] <= size[1] / 2

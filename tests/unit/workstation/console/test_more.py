"""What stands under More: settings with their sources, licences and limits, the audit."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from records.clinic.audit import accesses
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.console_bench import ConsoleBench
from tests.support.notes import recorded
from tests.support.pages import ROOT
from workstation.console.pages.more import UNITS, WITHOUT_END
from workstation.settings import Settings
from workstation.texts.shipped import UNSAID, not_tested, not_tested_in, shipped_parts


@pytest.fixture(autouse=True)
def seated(bench: ConsoleBench) -> None:
    """Who looks has said a name."""
    bench.sit_down()


def test_every_page_is_reached_from_the_list(bench: ConsoleBench) -> None:
    assert '<a href="/more">More</a>' in bench.page("/")
    more = bench.page("/more")
    for path in ("/support", "/audit", "/settings", "/about"):
        assert f'<a href="{path}">' in more
        bench.page(path)


def test_settings_say_where_they_come_from(
    bench: ConsoleBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACTION_BACKUP_DAYS", "7")
    page = bench.page("/settings")
    row = '<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>'
    assert row.format("backup_days", "7 days", "environment variable TRACTION_BACKUP_DAYS") in page
    assert row.format("console_lost", "15 s", "default") in page
    assert row.format("retention_years", "0: nothing is ever removed", "default") in page
    of_clinic = "the clinic&#39;s record: &#34;clinic change&#34; at the command line (an engineer)"
    assert row.format("force_unit", "lbf", of_clinic) in page
    assert "<td>Pat Jones</td><td>PT, DPT</td>" in page
    assert "&#34;presets change&#34; at the command line (an engineer)" in page
    assert "modbus-tcp://192.0.2.5:502?unit=1" in page
    assert "<form" not in re.sub(r'<form class="stop.*?</form>', "", page, flags=re.DOTALL)


def test_every_number_of_the_settings_has_its_unit_but_a_port() -> None:
    numbers = {key for key, field in Settings.model_fields.items() if field.annotation is int}
    assert numbers - {"console_port", "stop_port"} == UNITS.keys()
    assert WITHOUT_END.keys() <= UNITS.keys()


def test_about_names_every_package_and_what_was_not_tested(bench: ConsoleBench) -> None:
    page = bench.page("/about")
    assert "An engineering system, not a cleared medical device." in page
    parts = {part.name.lower(): part for part in shipped_parts()}
    assert {"numpy", "starlette", "pymodbus", "h11"} <= parts.keys()
    assert "playwright" not in parts
    assert parts["starlette"].licence == "BSD-3-Clause"
    assert f"<td>{version('numpy')}</td>" in page
    assert sum(part.licence == UNSAID for part in parts.values()) < len(parts) / 10
    for line in not_tested():
        assert line.split(".")[0] in page


def test_the_limits_are_those_of_the_readme() -> None:
    readme = Path(ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("## What is not tested\n")[2].partition("\n## ")[0]
    told = not_tested_in(readme)
    assert len(told) == section.count("\n- ") > 3
    assert " ".join(section.split()) == " ".join(f"- {item}" for item in told)


@pytest.fixture
def looked_at(bench: ConsoleBench, folder: RecordFolder) -> ConsoleBench:
    """Two sessions of two patients, each looked at by another person."""
    recorded(folder, "s-1")
    recorded(folder, "s-2", reference="TEST-2")
    for name, session in (("Pat Jones", "s-1"), ("A. Ray", "s-2")):
        bench.sit_down(name)
        bench.page(f"/sessions/{session}")
    return bench


def rows(page: str) -> list[tuple[str, str]]:
    """Who and what of each row."""
    return re.findall(r"<tr><td>[^<]*</td><td>([^<]*)</td><td>[^<]*</td><td>([^<]*)", page)


def test_the_audit_is_found_by_session_patient_and_person(looked_at: ConsoleBench) -> None:
    looks = [row for row in rows(looked_at.page("/audit")) if row[1] == "show"]
    assert looks == [("A. Ray", "show"), ("Pat Jones", "show")]  # the newest first
    assert ("Pat Jones", "show") in rows(looked_at.page("/audit?session=s-1"))
    assert ("A. Ray", "show") not in rows(looked_at.page("/audit?session=s-1"))
    by_person = rows(looked_at.page("/audit?by=ray"))
    assert {who for who, _ in by_person} == {"A. Ray"}
    of_patient = rows(looked_at.page("/audit?patient=TEST-2"))
    assert ("A. Ray", "show") in of_patient
    assert ("Pat Jones", "show") not in of_patient


def test_a_look_by_a_patient_leaves_its_own_row(
    looked_at: ConsoleBench, folder: RecordFolder
) -> None:
    looked_at.page("/audit?patient=TEST-2")
    (row,) = [each for each in accesses(folder) if each.what == "audit"]
    assert (row.by, row.fields) == ("A. Ray", ("s-2",))


def test_rows_are_checked_only_when_asked_and_alterations_are_said(
    looked_at: ConsoleBench, folder: RecordFolder
) -> None:
    assert "This list does not check" in looked_at.page("/audit")
    assert "Checked now: no row was altered" in looked_at.page("/audit?check=1")
    with altering(folder.clinic_database) as db:
        db.execute("UPDATE entry SET detail = replace(detail, 'A. Ray', 'B. Ray')")
    page = looked_at.page("/audit?check=1")
    assert "The rows of accesses were altered: clinic.db, " in page


def test_a_wrong_field_of_the_audit_is_named(bench: ConsoleBench) -> None:
    answer = bench.client.get("/audit", params={"patient": "x" * 10_000})
    assert answer.status_code == 422
    assert "patient has 10000 characters" in answer.text

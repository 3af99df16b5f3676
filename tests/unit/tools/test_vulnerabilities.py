"""The check for known faults: found, judged or not, and never silent when nobody answered."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from tools import software_page
from tools.locked import locked_packages
from tools.software_page import PAGE
from tools.vulnerabilities import NOT_CHECKED, UNKNOWN, is_affected, main

FORMS = next(one for one in locked_packages() if one.name == "python-multipart")
JUDGED = "GHSA-pp6c-gr5w-3c5g"
"""The page names it in the row of that package."""


def record(
    name: str = "python_multipart", known: str = "GHSA-new", **affected: Any
) -> dict[str, Any]:
    about = {"package": {"ecosystem": "PyPI", "name": name}, **affected}
    return {"id": known, "aliases": ["CVE-2026-1"], "summary": "a\nfault", "affected": [about]}


def saved(folder: Path, *records: dict[str, Any]) -> str:
    path = folder / "records.json"
    path.write_text(json.dumps(records))
    return str(path)


def test_a_known_fault_of_a_locked_version_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([saved(tmp_path, record(versions=[FORMS.version]))]) == UNKNOWN
    said = capsys.readouterr().out
    assert f"NOT JUDGED: python-multipart {FORMS.version} (in use): GHSA-new, CVE-2026-1" in said
    assert "a fault" in said
    assert "1 known, 1 not judged" in said


def test_one_that_the_page_judges_is_told_and_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([saved(tmp_path, record(known=JUDGED, versions=[FORMS.version]))]) == 0
    assert "judged on the page" in capsys.readouterr().out


def test_what_others_bring_is_judged_in_its_last_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pillow = next(one for one in locked_packages() if one.name == "pillow")
    records = saved(tmp_path, record(name="pillow", versions=[pillow.version]))
    row = "| MIT-CMU | reportlab"
    text = PAGE.read_text(encoding="utf-8")
    (tmp_path / "page").write_text(text.replace(row, f"{row}; GHSA-new: no picture is read"))
    assert main([records]) == UNKNOWN
    monkeypatch.setattr(software_page, "PAGE", tmp_path / "page")
    assert main([records]) == 0


@pytest.mark.parametrize(
    "other",
    [
        record(versions=["0.0.1"]),
        record(name="somebody-else", versions=[FORMS.version]),
        {**record(versions=[FORMS.version]), "withdrawn": "2026-01-01T00:00:00Z"},
        record(package={"ecosystem": "npm", "name": "python-multipart"}, versions=[FORMS.version]),
    ],
)
def test_another_version_package_ecosystem_or_a_withdrawn_one_counts_not(
    other: dict[str, Any], tmp_path: Path
) -> None:
    assert main([saved(tmp_path, other)]) == 0


@pytest.mark.parametrize(
    ("events", "version", "affected"),
    [
        ([{"introduced": "0"}, {"fixed": "2.0"}], "1.9", True),
        ([{"introduced": "0"}, {"fixed": "2.0"}], "2.0", False),
        ([{"introduced": "1.0"}, {"last_affected": "1.5"}], "1.5", True),
        ([{"introduced": "1.0"}, {"last_affected": "1.5"}], "1.10", False),
        ([{"introduced": "1.0"}, {"fixed": "1.2"}, {"introduced": "2.0"}], "2.1", True),
        ([{"introduced": "1.0"}, {"fixed": "1.2"}, {"introduced": "2.0"}], "1.3", False),
    ],
)
def test_a_range_counts_by_versions_and_not_by_letters(
    events: list[dict[str, str]], version: str, affected: bool
) -> None:
    assert is_affected(version, {"ranges": [{"type": "ECOSYSTEM", "events": events}]}) is affected


def test_the_archive_of_all_records_is_read(tmp_path: Path) -> None:
    place = tmp_path / "all.zip"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("GHSA-new.json", json.dumps(record(versions=[FORMS.version])))
    assert main([str(place)]) == UNKNOWN


@pytest.mark.parametrize("content", [None, "no JSON", "7", '[{"id": '])
def test_a_file_without_records_is_not_checked(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "records.json"
    if content is not None:
        path.write_text(content)
    assert main([str(path)]) == NOT_CHECKED
    assert "NOT CHECKED" in capsys.readouterr().out


# --- the service, as it answers ----------------------------------------------------------------


def service(results: list[dict[str, Any]], known: dict[str, Any]) -> httpx.Client:
    def answered(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/querybatch"):
            asked = json.loads(request.content)["queries"]
            assert {"package": {"purl": FORMS.purl}} in asked
            return httpx.Response(200, json={"results": results})
        return httpx.Response(200, json=known)

    return httpx.Client(transport=httpx.MockTransport(answered))


def results_with(one: dict[str, Any]) -> list[dict[str, Any]]:
    return [one if package == FORMS else {} for package in locked_packages()]


def test_what_the_service_knows_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    client = service(results_with({"vulns": [{"id": "GHSA-new"}]}), record())
    assert main([], client) == UNKNOWN
    assert f"python-multipart {FORMS.version} (in use): GHSA-new" in capsys.readouterr().out


def test_a_service_that_knows_nothing_passes() -> None:
    assert main([], service(results_with({}), {})) == 0


@pytest.mark.parametrize(
    "client",
    [
        httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(503))),
        httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, text="x"))),
        httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, json=[]))),
        service([], {}),
        service(results_with({"next_page_token": "more"}), {}),
    ],
)
def test_an_answer_that_is_none_is_not_checked(
    client: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], client) == NOT_CHECKED
    assert "NOT CHECKED" in capsys.readouterr().out


def test_without_a_network_nothing_is_passed() -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Name or service not known", request=request)

    assert main([], httpx.Client(transport=httpx.MockTransport(unreachable))) == NOT_CHECKED

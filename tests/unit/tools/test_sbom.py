"""The document of what is shipped: every package, as the lock and the page have it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools import sbom
from tools.locked import declared, locked_packages, shipped
from tools.software_page import software_of_others

LOCK = """\
# made by a test
alpha==1.0 \\
    --hash=sha256:{a} \\
    --hash=sha256:{b}
    # via
    #   beta
    #   the-program (pyproject.toml)
beta==2.0 ; python_full_version < '3.12' \\
    --hash=sha256:{a}
    # via the-program (pyproject.toml:dev)
""".format(a="a" * 64, b="b" * 64)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(sbom.sbom_text())
    return made


def test_the_lock_is_read_with_hashes_markers_and_who_asks() -> None:
    alpha, beta = locked_packages(LOCK)
    assert (alpha.name, alpha.version, alpha.marker) == ("alpha", "1.0", "")
    assert alpha.hashes == ("a" * 64, "b" * 64)
    assert {"beta", "the-program"} <= alpha.asked_by
    assert beta.marker == "python_full_version < '3.12'"
    assert beta.purl == "pkg:pypi/beta@2.0"


def test_every_shipped_package_is_a_component_and_no_tool_is(document: dict[str, Any]) -> None:
    named = {(one["name"], one["version"]) for one in document["components"]}
    assert named == {(one.name, one.version) for one in shipped(locked_packages())}
    names = {name for name, _ in named}
    assert {"cryptography", "pymodbus", "cffi"} <= names
    assert not {"pytest", "mypy", "cyclonedx-python-lib"} & names


def test_a_component_has_licence_hashes_and_package_url(document: dict[str, Any]) -> None:
    hashes = {one.purl: set(one.hashes) for one in shipped(locked_packages())}
    for one in document["components"]:
        assert one["licenses"], one["name"]
        assert {each["content"] for each in one["hashes"]} == hashes[one["purl"]]
        assert {each["alg"] for each in one["hashes"]} == {"SHA-256"}


def test_what_is_loaded_before_a_unit_moves_is_marked(document: dict[str, Any]) -> None:
    marks = {
        one["name"]: {mark["name"]: mark["value"] for mark in one["properties"]}
        for one in document["components"]
    }
    loaded = {name for name, mark in marks.items() if mark[sbom.LOADED] == "yes"}
    assert {"pymodbus", "pyserial", "fastcrc", "numpy", "pydantic", "cryptography"} <= loaded
    assert not {"reportlab", "duckdb", "starlette"} & loaded
    rows = software_of_others()
    assert {n: m[sbom.CLASS] for n, m in marks.items() if sbom.CLASS in m} == {
        name: rows[name].safety_class for name in declared()
    }
    assert all(rows[name].safety_class != "A" for name in loaded & declared())


def test_the_graph_leads_from_the_program_to_what_others_bring(document: dict[str, Any]) -> None:
    needs = {one["ref"]: one.get("dependsOn", []) for one in document["dependencies"]}
    program = document["metadata"]["component"]
    assert program["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert any(ref.startswith("pkg:pypi/cryptography@") for ref in needs[program["bom-ref"]])
    (crypto,) = (ref for ref in needs if ref.startswith("pkg:pypi/cryptography@"))
    assert any(ref.startswith("pkg:pypi/cffi@") for ref in needs[crypto])


def test_it_is_written_where_it_was_asked_for(tmp_path: Path) -> None:
    place = tmp_path / "below" / "sbom.json"
    assert sbom.main([str(place)]) == 0
    assert json.loads(place.read_text())["bomFormat"] == "CycloneDX"


def test_a_document_that_breaks_the_schema_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = type("Out", (), {"output_as_string": lambda self, indent: '{"bomFormat": "none"}'})
    monkeypatch.setattr(sbom, "make_outputter", lambda *_: broken())
    with pytest.raises(ValueError, match="breaks the schema"):
        sbom.sbom_text()

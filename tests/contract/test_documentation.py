"""The documentation agrees with the program; whatever is missing or obsolete is named."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel

from controller import errors
from controller.events import EventKind
from controller.order.phases import Phase
from firmware_bridge.line import settings
from firmware_bridge.profile_kinds import data, gauge, quantity, traction_unit, transmitter
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from records.claim.charge_line import COLUMNS
from records.note.delivered_dose import DeliveredDose, RecordedStop
from records.order.order_file import ORDER_KEYS
from records.provenance import Sourced
from tests.support.pages import (
    DOCS,
    ROOT,
    anchors,
    catch_alls,
    code_names,
    example_lines,
    links,
    pages,
    read,
    rows,
    sections,
    shipped_modules,
)
from tools.markdown import long_lines
from tools.parsed_sources import nodes_of, tree_of
from workstation.cli import program
from workstation.settings import Settings

COMMAND_PAGES = "reference/command-line*.md"


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", pages(), ids=short)
def test_every_link_resolves(page: Path) -> None:
    for target in links(page):
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), f"{short(page)} links to {target}, which does not exist"
        if anchor:
            assert anchor in anchors(there), f"{short(page)}: no heading gives #{anchor}"


@pytest.mark.parametrize("page", pages(), ids=short)
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    rooms = "controller|firmware_bridge|records|simulator|workstation|tests|docs|tools"
    for name in re.findall(rf"`((?:{rooms})/[\w./-]+)`", text):
        assert (ROOT / name).exists(), f"{short(page)} names {name}, which does not exist"


def test_every_page_stands_in_the_index() -> None:
    indexed = {(DOCS / link.partition("#")[0]).resolve() for link in links(DOCS / "README.md")}
    missing = [
        short(page)
        for page in sorted(DOCS.rglob("*.md"))
        if page != DOCS / "README.md" and page.parent.name != "decisions" and page not in indexed
    ]
    assert not missing, f"docs/README.md does not list {', '.join(missing)}"


@pytest.mark.parametrize("page", pages(), ids=short)
def test_no_line_of_a_page_is_too_long(page: Path) -> None:
    assert not long_lines(page.read_text(encoding="utf-8")), f"wrap these lines of {short(page)}"


@pytest.mark.parametrize("page", sorted((DOCS / "reports").glob("*.md")), ids=short)
def test_every_report_names_the_command_that_makes_it(page: Path) -> None:
    start = "\n".join(page.read_text(encoding="utf-8").splitlines()[:5])
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert targets & set(re.findall(r"`make ([\w-]+)`", start)), f"{short(page)} names no command"


def test_every_decision_has_its_number_and_its_parts() -> None:
    decisions = sorted(p for p in (DOCS / "decisions").glob("*.md") if p.name != "README.md")
    numbers = [page.name[:4] for page in decisions]
    assert len(numbers) == len(set(numbers)), f"a decision number is used twice: {numbers}"
    for page in decisions:
        assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", page.name), page.name
        text = page.read_text(encoding="utf-8")
        for part in ("Status", "Context", "Decision", "Consequences"):
            assert re.search(rf"^[#* ]*{part}", text, re.MULTILINE), f"{page.name} has no {part}"


# --- the command line -------------------------------------------------------------------------


def commands(command: Any, path: str = "traction") -> Iterator[tuple[str, Any]]:
    """Every command of the program with its full name, including those of groups."""
    for name, child in getattr(command, "commands", {}).items():
        whole = f"{path} {name}"
        if hasattr(child, "commands"):
            yield from commands(child, whole)
        else:
            yield whole, child


COMMANDS = dict(commands(typer.main.get_command(program())))


def options(command: Any) -> set[str]:
    return {
        name
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("--") and name != "--help"
    }


def documented_commands() -> dict[str, str]:
    """Command and section text; a heading may name its arguments after the command."""
    found = {}
    for heading, text in sections(read(COMMAND_PAGES)).items():
        if heading.startswith("`traction "):
            words = heading.strip("`").split()
            found[" ".join(w for w in words if w == w.lower() and w.isascii())] = text
    return found


def test_the_command_line_page_has_every_command_and_no_other() -> None:
    assert set(documented_commands()) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_line_page_has_every_option_and_no_other(name: str) -> None:
    text = documented_commands().get(name, "")
    documented = set(re.findall(r"(?:^- |, )`(--[a-z-]+)", text, re.MULTILINE))
    assert documented == options(COMMANDS[name]), f"section {name} of {COMMAND_PAGES}"


EXAMPLES = [
    pytest.param(line, id=f"{short(page)}:{line[:60]}")
    for page in pages()
    for line in example_lines(page)
]


@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_is_a_command_that_exists(line: str) -> None:
    words = shlex.split(line.replace("\\", "/"), comments=True)
    program, arguments = words[0].rpartition("/")[2], words[1:]
    if program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert set(arguments) <= set(targets)
    elif program == "traction":
        size = 2 if " ".join(["traction", *arguments[:2]]) in COMMANDS else 1
        command = COMMANDS[" ".join(["traction", *arguments[:size]])]
        command.make_context(program, arguments[size:])
    else:
        assert program in ("python", "ruff", "py", "mkdir", "export", "curl"), (
            f"unknown program in an example: {line}"
        )


def test_every_setting_is_documented() -> None:
    settings = sections(read(COMMAND_PAGES))["Settings"]
    documented = {(row[0], row[1]) for row in rows(settings)}
    expected = {(f"TRACTION_{name.upper()}", name) for name in Settings.model_fields}
    assert documented == expected


# --- errors and catch-all handlers -------------------------------------------------------------


def error_classes() -> dict[str, type[errors.TractionError]]:
    return {
        name: kind
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.TractionError)
    }


def test_every_error_has_a_code_of_its_own_and_is_documented() -> None:
    classes = error_classes()
    for name, kind in classes.items():
        assert "code" in vars(kind), f"{name} has no code of its own"
    codes = [kind.code for kind in classes.values()]
    assert len(codes) == len(set(codes)), f"a code is used twice: {sorted(codes)}"
    documented = {(row[0], row[1]) for row in rows(read("reference/error-codes.md"))}
    assert documented == {(str(kind.code), name) for name, kind in classes.items()}


def test_no_error_class_is_defined_elsewhere() -> None:
    known = set(error_classes())
    for path in shipped_modules():
        if short(path) == "controller/errors.py":
            continue
        for node in nodes_of(path):
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
                assert not bases & known, f"{short(path)}: move {node.name} to controller/errors.py"


def test_everything_is_caught_only_in_the_documented_handlers() -> None:
    architecture = read("explanations/architecture.md")
    table = sections(architecture)["Errors and catch-all handlers"]
    documented = sorted((row[0], row[1]) for row in rows(table))
    found = sorted((short(path), f) for path in shipped_modules() for f in catch_alls(path))
    assert found == documented


# --- keys and formats -------------------------------------------------------------------------


def keys_of(model: type[BaseModel]) -> set[str]:
    """Keys of a table that its base classes do not have."""
    return set(vars(model).get("__annotations__", {})) & set(model.model_fields)


def test_every_order_key_is_documented() -> None:
    page = sections(read("reference/order-file*.md"))
    assert code_names(page["The dose"] + page["The words"]) == set(ORDER_KEYS)


PROFILE_MODELS = sorted(
    {
        model
        for module in (settings, data, gauge, quantity, traction_unit, transmitter)
        for _, model in inspect.getmembers(module, inspect.isclass)
        if issubclass(model, BaseModel) and keys_of(model)
    },
    key=lambda model: model.__name__,
)


@pytest.mark.parametrize("model", PROFILE_MODELS)
def test_every_profile_key_is_documented(model: type[BaseModel]) -> None:
    page = sections(read("reference/device-profile*.md"))
    text = [body for heading, body in page.items() if f"(`{model.__name__}`)" in heading]
    assert len(text) == 1, f"device-profile.md has no section (`{model.__name__}`)"
    assert code_names(text[0]) == keys_of(model)


def test_the_page_of_the_reference_map_agrees_with_the_profile() -> None:
    file = ROOT / "firmware_bridge/device_profiles/reference_v1.toml"
    profile = TractionUnitProfile.model_validate(tomllib.loads(file.read_text()))
    text = read("reference/reference-map-v1.md")
    page = sections(text.replace("\n### ", "\n## "))
    for name, block in profile.blocks.items():
        last = block.address + block.count - 1
        crc = ", with CRC" if block.crc else ""
        table = rows(page[f"`{name}`: 0x{block.address:04X}-0x{last:04X}{crc}"])
        expected = []
        for register in block.registers:
            end = register.address + register.spec().words - 1
            more = f"-{end:04X}" if end > register.address else ""
            expected.append([f"0x{register.address:04X}{more}", register.name])
        expected += [[f"0x{last:04X}", "CRC"]] if block.crc else []
        assert [row[:2] for row in table] == expected


def test_every_event_kind_and_every_phase_is_documented() -> None:
    text = read("reference/events.md")
    phases = sections(text)["Phases"]
    kinds = text.partition("## ")[0]
    assert [row[:2] for row in rows(kinds)] == [[str(int(k)), k.name.lower()] for k in EventKind]
    assert [row[:2] for row in rows(phases)] == [[str(int(p)), p.label] for p in Phase]


def test_every_column_and_number_of_the_exports_is_documented() -> None:
    assert code_names(read("reference/charge-csv.md")) == set(COLUMNS)
    page = read("reference/session-json.md")
    dose = sections(page)["Numbers of the record (`dose`)"]
    assert code_names(dose) == {field.name for field in fields(DeliveredDose)}
    for field in (*fields(RecordedStop), *fields(Sourced)):
        assert f"`{field.name}`" in page, f"session-json.md does not explain {field.name}"


# --- files ------------------------------------------------------------------------------------


def tracked_files() -> list[Path]:
    """The files of a clone; without git, everything that is not generated."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.split("\0") if name]
    made = re.compile(r"/(\.|demo-output/|build/|dist/|__pycache__/)")
    return [p for p in ROOT.rglob("*") if p.is_file() and not made.search(f"/{short(p)}")]


MACHINE = re.compile(
    r"(?<![\w.$])/(home|Users|root|wo[r]k)/\w"  # a user's folder
    r"|[A-Z]:\\Users\\"
    r"|://[\w.:@-]+/(\w+/)*simple\b"  # the address of a package index
    r"|^\s*--(extra-)?index-url|^\s*--find-links",
    re.MULTILINE,
)


def test_no_tracked_file_holds_a_path_of_a_machine_or_an_index_address() -> None:
    for path in tracked_files():
        if path.suffix in (".png", ".pdf", ".db", ".codes", ".ttf") or not path.exists():
            continue
        found = MACHINE.search(path.read_text(encoding="utf-8"))
        assert found is None, f"{short(path)} holds {found.group(0)!r}"


TOP_LEVEL = {
    *("controller", "firmware_bridge", "records", "simulator", "workstation"),
    *("tests", "tools", "docs", "packaging", ".ci"),
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE"),
    *("Makefile", "bootstrap.py", "pyproject.toml", "requirements.lock"),
    *(".editorconfig", ".gitignore", ".pre-commit-config.yaml"),
}


def test_nothing_lies_beside_the_packages_that_a_command_wrote_there() -> None:
    """Claims and lists of the day go to the folder in which the user stands."""
    tops = {path.relative_to(ROOT).parts[0] for path in tracked_files() if path.exists()}
    assert tops <= TOP_LEVEL, tops - TOP_LEVEL


def test_no_shipped_module_needs_a_unix_only_module_to_be_imported() -> None:
    unix_only = {"tty", "pty", "termios", "fcntl", "resource", "pwd", "grp"}
    for path in shipped_modules():
        for node in tree_of(path).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                named = [alias.name for alias in node.names]
                module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
                found = unix_only & {module, *named}
                assert not found, f"{short(path)} imports {found} on every system"

"""Groups of options: what Typer sees of them, and what a command is handed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from workstation.commands.options import PersonOptions, RecordsOptions, grouped
from workstation.settings import load_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    port: Annotated[int, typer.Option(help="Port of the wire.")]
    names: Annotated[list[str] | None, typer.Option("--name", help="Name of it.")] = None
    loud: Annotated[bool, typer.Option("--loud", help="Say more.")] = False


handed: list[object] = []


@grouped
def grouped_command(
    first: Annotated[str, typer.Argument(help="What comes first.")],
    wire: Wire,
    second: Annotated[str, typer.Argument(help="What comes second.")] = "none",
    last: Annotated[int, typer.Option(help="What comes last.")] = 3,
) -> None:
    """Do something with a wire."""
    handed.append((first, wire, second, last))


def plain_command(
    first: Annotated[str, typer.Argument(help="What comes first.")],
    port: Annotated[int, typer.Option(help="Port of the wire.")],
    names: Annotated[list[str] | None, typer.Option("--name", help="Name of it.")] = None,
    loud: Annotated[bool, typer.Option("--loud", help="Say more.")] = False,
    second: Annotated[str, typer.Argument(help="What comes second.")] = "none",
    last: Annotated[int, typer.Option(help="What comes last.")] = 3,
) -> None:
    """Do something with a wire."""


def called(command: Callable[..., None], *arguments: str) -> str:
    app = typer.Typer(rich_markup_mode=None)
    app.command("do")(command)
    result = CliRunner().invoke(app, arguments)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


@pytest.fixture(autouse=True)
def _nothing_handed() -> None:
    handed.clear()


def test_the_help_is_that_of_the_same_options_one_by_one() -> None:
    assert "--name" in called(plain_command, "--help")
    assert called(grouped_command, "--help") == called(plain_command, "--help")


def test_a_command_is_handed_a_group_beside_its_arguments() -> None:
    called(grouped_command, "a", "--port", "7", "--name", "x", "--name", "y", "b", "--loud")
    assert handed == [("a", Wire(port=7, names=["x", "y"], loud=True), "b", 3)]


def test_what_is_not_given_has_the_default_of_its_field() -> None:
    called(grouped_command, "a", "--port", "7")
    assert handed == [("a", Wire(port=7), "none", 3)]


def test_called_from_a_program_it_has_the_same_defaults() -> None:
    grouped_command(first="a", second="b", last=1, port=7)
    assert handed == [("a", Wire(port=7), "b", 1)]


def test_a_field_without_a_default_must_be_given() -> None:
    assert "Missing option '--port'" in called(grouped_command, "a")
    assert not handed


def test_a_field_that_is_no_option_is_refused_when_the_program_is_loaded() -> None:
    with pytest.raises(TypeError, match=r"Bare\.port is not Annotated with a typer\.Option"):
        grouped(takes_bare)


def test_an_annotation_of_another_kind_is_refused_as_well() -> None:
    with pytest.raises(TypeError, match=r"Strange\.port is not Annotated with a typer\.Option"):
        grouped(takes_strange)


def test_a_group_that_could_change_is_refused() -> None:
    with pytest.raises(TypeError, match="Changing is not frozen"):
        grouped(takes_changing)


def test_a_default_that_is_made_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Made\.names has no plain default"):
        grouped(takes_made)


def test_two_options_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="duplicate parameter name: 'port'"):
        grouped(takes_two)


@pytest.mark.parametrize("kind", [RecordsOptions, PersonOptions])
def test_a_folder_that_was_asked_for_wins_over_that_of_the_settings(
    kind: type[RecordsOptions | PersonOptions], tmp_path: Path
) -> None:
    assert kind(data=tmp_path).place.folder.path == tmp_path
    assert kind().place.folder.path == load_settings().data


@dataclass(frozen=True)
class Bare:
    port: int = 1


@dataclass(frozen=True)
class Strange:
    port: Annotated[int, "the port"] = 1


@dataclass
class Changing:
    port: Annotated[int, typer.Option(help="Port.")] = 1


@dataclass(frozen=True)
class Made:
    names: Annotated[list[str], typer.Option(help="Names.")] = field(default_factory=list)


def takes_bare(bare: Bare) -> None: ...


def takes_strange(strange: Strange) -> None: ...


def takes_changing(changing: Changing) -> None: ...


def takes_made(made: Made) -> None: ...


def takes_two(wire: Wire, port: Annotated[int, typer.Option(help="Port.")]) -> None: ...

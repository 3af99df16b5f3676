"""Options and arguments shared by several commands, and the place of their records.

Options that go together are one parameter of a command: a frozen dataclass whose fields are the
options, which ``grouped`` shows to Typer one by one.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class QueryOptions:
        patient: Annotated[str, typer.Option(help="Patient reference, exactly.")] = ""

    @grouped
    def sessions(query: QueryOptions, person: PersonOptions) -> None: ...

A field without a default is an option that must be given. The help page lists the options in the
order of the groups among the parameters, and within a group in the order of the fields.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import date, datetime
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, get_args, get_type_hints

import typer
from typer.models import ParameterInfo

from controller.errors import JournalUnavailable, TractionError
from controller.words import check_name
from workstation.output import Target

if TYPE_CHECKING:
    from controller.order.force_unit import ForceUnit
    from records.claim.context_file import ImportedClaim
    from records.store.record_folder import RecordFolder
    from records.visit.visit import Visit
    from workstation.settings import Settings

SessionArgument = Annotated[
    str,
    typer.Argument(help="Session: its id or an end of it, last, a day, a patient or a unit."),
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of the records.", show_default=False, readable=False),
]
"""Not checked here: ``place_of`` checks whether the folder, or that of the settings, is readable.
"""
JsonOption = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
ByOption = Annotated[str, typer.Option("--by", help="Name of the person who makes the entry.")]
OutOption = Annotated[
    Target | None,
    typer.Option(
        "--out",
        parser=Target.of,
        metavar="PLACE",
        help="File to write, or a folder (FOLDER/), which is created; default: print it.",
        show_default=False,
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")]
ContextOption = Annotated[
    Path | None,
    typer.Option("--context", help="Claim context: JSON, CSV or TOML.", show_default=False),
]
PayerOption = Annotated[
    str | None,
    typer.Option(
        "--payer", help="Payer profile; `traction payers` lists them.", show_default=False
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimOptions:
    """The rules by which a claim is judged, and what the practice's system knows of it."""

    payer: PayerOption = None
    context: ContextOption = None

    @property
    def imported(self) -> ImportedClaim | None:
        """Returns the claim of the named file; raises ClaimContextInvalid."""
        from records.claim.context_file import imported_claim

        return imported_claim(self.context) if self.context else None


class Place(NamedTuple):
    """The folder of a command's records, and the settings in use."""

    settings: Settings
    folder: RecordFolder

    def local(self, utc_ms: int) -> datetime:
        """Returns a moment in the clinic's time, to the second."""
        return datetime.fromtimestamp(utc_ms // 1000, self.settings.zone_at(utc_ms))

    def day_of(self, utc_ms: int) -> date:
        """Returns the clinic's day of a moment."""
        return self.local(utc_ms).date()

    def at_the_clinic(self) -> Place:
        """Returns the place with the clinic's record over the settings; raises JournalCorrupt."""
        from records.standing.versions import read_standing
        from workstation.settings import settings_at_the_clinic

        return self._replace(
            settings=settings_at_the_clinic(self.settings, read_standing(self.folder))
        )

    def at_the_clinic_if_readable(self) -> Place:
        """Returns the same for a command that shows what is on file.

        Where clinic.db cannot be read the settings apply: what is shown is marked as altered.
        """
        with suppress(TractionError):
            return self.at_the_clinic()
        return self

    @property
    def leading_unit(self) -> ForceUnit:
        """Returns the unit of force in which a command shows what is on file."""
        return self.at_the_clinic_if_readable().settings.unit_of_force


def say_whose_visit(visit: Visit) -> None:
    """Say on standard error that the output covers a whole visit, where one session was named."""
    from workstation.output import warn

    if visit.further is not None:
        others = [name for name in visit.note.sessions if name != visit.asked_for]
        warn(
            f"session {visit.asked_for} is one visit with {', '.join(others)}: what follows "
            f"covers the whole visit, which is named after session {visit.session_id}"
        )


def place_of(data: Path | None) -> Place:
    """Returns the folder that was asked for, else that of the settings.

    Raises RequestRefused, and JournalUnavailable where this account may not read the folder.
    """
    from records.store.record_folder import RecordFolder
    from workstation.settings import load_settings

    settings = load_settings()
    folder = data or settings.data
    _require_entry(folder)
    return Place(settings, RecordFolder(folder))


def _require_entry(folder: Path) -> None:
    """Check the way into the folder. A missing one is created or reported where it is used."""
    try:
        closed = folder.is_dir() and not os.access(folder, os.R_OK | os.X_OK)
    except PermissionError:
        closed = True
    if closed:
        raise JournalUnavailable(
            f"this account may not read {folder}: it, or a folder above it, is not open to "
            "others; use the account that owns the records, ask to join its group of "
            "readers, or name another folder with --data"
        )


def day_of(place: Place) -> date:
    """Returns the clinic's day now."""
    from controller.runtime.clock import SystemClock

    utc_ms = SystemClock().utc_ms()
    return place.at_the_clinic_if_readable().settings.day_at(utc_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsOptions:
    """Which records a command reads, and whether it prints for people or for programs."""

    data: DataOption = None
    as_json: JsonOption = False

    @property
    def place(self) -> Place:
        """Returns where they are; raises RequestRefused."""
        return place_of(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonOptions:
    """Who uses a command, on which records, and whether it prints for people or for programs."""

    by: ByOption = ""
    data: DataOption = None
    as_json: JsonOption = False

    @property
    def place(self) -> Place:
        """Returns where the records are; raises RequestRefused."""
        return place_of(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """Options of a session in real time besides its order, driven or observed."""

    operator_name: Annotated[
        str, typer.Option("--by", help="Name of the operator; default: the login name.")
    ] = ""
    capture: Annotated[
        Path | None,
        typer.Option(help="Write every byte sent and received to a new file.", show_default=False),
    ] = None

    @property
    def by(self) -> str:
        """Returns who sits here, or an empty text; raises RequestRefused for what is not a name."""
        return check_name("--by", self.operator_name) if self.operator_name else ""


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Returns the command for Typer, with every group of options as its single options.

    Typer passes all values by name; each group is built from its own and handed to ``command``.
    Raises TypeError, when the program is loaded, for a group that cannot be described to Typer.
    """
    hints = get_type_hints(command, include_extras=True)
    given = signature(command).parameters.values()
    groups = {one.name: hints[one.name] for one in given if is_dataclass(hints[one.name])}

    @wraps(command)
    def called(**values: Any) -> None:
        for name, group in groups.items():
            own = {one.name for one in fields(group)} & values.keys()
            values[name] = group(**{option: values.pop(option) for option in own})
        command(**values)

    shown: list[Parameter] = []
    for one in given:
        if one.name in groups:
            shown += _options_of(groups[one.name])
        else:
            shown.append(_named(one.name, hints[one.name], one.default))
    called.__annotations__ = {one.name: one.annotation for one in shown}
    vars(called)["__signature__"] = Signature(shown)
    return called


def _options_of(group: type[Any]) -> Iterator[Parameter]:
    """Returns the fields of a group as parameters."""
    if not group.__dataclass_params__.frozen:
        raise TypeError(f"{group.__name__} is not frozen; a command only reads its options")
    hints = get_type_hints(group, include_extras=True)
    for one in fields(group):
        yield _named(one.name, _option_hint(group, one, hints[one.name]), _default_of(group, one))


def _option_hint(group: type[Any], one: Field[Any], hint: Any) -> Any:
    """Returns a field's annotation, which must contain a typer.Option."""
    if not any(isinstance(said, ParameterInfo) for said in get_args(hint)[1:]):
        raise TypeError(f"{group.__name__}.{one.name} is not Annotated with a typer.Option")
    return hint


def _default_of(group: type[Any], one: Field[Any]) -> Any:
    if one.default_factory is not MISSING:
        raise TypeError(f"{group.__name__}.{one.name} has no plain default that help could show")
    return Parameter.empty if one.default is MISSING else one.default


def _named(name: str, hint: Any, default: Any) -> Parameter:
    """By name only, so that a required option may follow an optional one."""
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=hint, default=default)

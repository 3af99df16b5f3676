"""``traction probe`` and ``traction commission``: identify a device and test its force."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import AnswerMissing, RequestRefused
from controller.event_details.codec import encode_fields
from controller.words import ADDRESS_CHARACTERS, check_name, check_text
from workstation.commands.options import RecordsOptions, SessionArgument, grouped
from workstation.commands.session_names import named_session
from workstation.exit_status import REFUSED
from workstation.output import say, say_json, warn

if TYPE_CHECKING:
    from controller.order.force_unit import ForceUnit
    from controller.start.self_check import CheckItem
    from firmware_bridge.line.capture import CaptureWriter
    from records.clinic.commissionings import Standing
    from records.times_in_words import DayOf
    from workstation.commands.options import Place
    from workstation.session.commissioned import KnownFiled
    from workstation.session.probing import Commissioned, ProbeResult
    from workstation.session.workplace import Workplace
    from workstation.terminal.typed_lines import TypedLines

AddressArgument = Annotated[
    str, typer.Argument(help="Address, for instance modbus-rtu:///dev/ttyUSB0?unit=1")
]
GIVEN_UP = ("q", "quit", "n", "no")
NO_DIGEST = "0" * 64
"""Fills in for the digest of a profile that the probe is still to find."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingOptions:
    """What is known of the device at the address."""

    profile: Annotated[
        str, typer.Option(help="Its profile; without one the known profiles are tried.")
    ] = ""
    serial: Annotated[str, typer.Option(help="Number on the plate of an instrument.")] = ""
    capture: Annotated[
        Path | None,
        typer.Option(help="Write every byte sent and received to a new file.", show_default=False),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions:
    """Who hangs which weight on which cell."""

    weight: Annotated[str, typer.Option(help='A known weight, such as "5.00 kg".')]
    by: Annotated[str, typer.Option("--by", help="Who hangs it, and signs for the result.")]
    capacity: Annotated[
        str, typer.Option(help="Capacity of the instrument's cell, such as 1000 N.")
    ] = ""


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("probe")(probe)
    app.command("commission")(commission)
    app.command("commissionings")(commissionings)
    app.command("stop-test")(stop_test)


@grouped
def probe(address: AddressArgument, *, thing: ThingOptions, records: RecordsOptions) -> None:
    """Identify the device at an address and watch its unloaded cell for 60 s. Only reads are sent.

    Nothing is stored.
    """
    from workstation.session.probing import Asked
    from workstation.session.probing import probe as probe_address
    from workstation.texts.refusals import refusals_in

    place = records.place
    workplace = _workplace(place)
    forces = place.leading_unit
    serial = _checked(address, thing)
    with refusals_in(forces), _captured(address, thing, workplace) as heard:
        asked = Asked(address=address, profile=thing.profile, serial=serial, capture=heard)
        result = probe_address(asked, workplace)
    if records.as_json:
        say_json("probe", _facts(address, result, result.probed.items))
    else:
        _show(address, result, result.probed.items, forces)
    if not result.probed.good:
        raise typer.Exit(REFUSED)


@grouped
def commission(
    address: AddressArgument, *, load: LoadOptions, thing: ThingOptions, records: RecordsOptions
) -> None:
    """Probe, then hang a known weight and lift it off; the result is signed and valid for 30 days.

    Needs a terminal, because a person has to hang the weight. Only reads are sent.
    """
    from records.accounts.rights import Right
    from records.order.quantities import force_n, weight_kg
    from workstation.anchors import leave_checkpoints
    from workstation.session.probing import Asked
    from workstation.session.probing import commission as commission_address
    from workstation.terminal_sign_in import author_for
    from workstation.texts.refusals import refusals_in

    serial = _checked(address, thing)
    by = check_name("--by", load.by)
    kilograms = _heavy_enough(weight_kg("--weight", load.weight))
    capacity_n = force_n("--capacity", load.capacity, None) if load.capacity else None
    place = records.place
    forces = place.leading_unit
    guide = _guide(forces)
    workplace = _workplace(place)
    author = author_for(place.folder, by, Right.UNITS)
    with refusals_in(forces), _captured(address, thing, workplace) as heard:
        asked = Asked(address=address, profile=thing.profile, serial=serial, capture=heard)
        done = commission_address(
            asked, workplace, guide, author, weight_kg=kilograms, capacity_n=capacity_n
        )
    if records.as_json:
        filed = encode_fields(done.record) if done.record else None
        say_json("commission", {**_facts(address, done.probe, done.items, done), "filed": filed})
    else:
        _show(address, done.probe, done.items, forces, done)
    leave_checkpoints(place.settings, place.folder, warn)
    if not done.passed:
        raise typer.Exit(REFUSED)


@grouped
def commissionings(records: RecordsOptions) -> None:
    """List the newest test of each unit and instrument, by whom, and its remaining days."""
    from controller.runtime.clock import SystemClock
    from records.keeping.stop_tests import stop_tests
    from workstation.session.commissioned import all_known

    place = records.place
    folder, forces = place.folder, place.leading_unit
    day_of = place.at_the_clinic_if_readable().settings.day_at
    found = all_known(folder, SystemClock().utc_ms(), day_of)
    if records.as_json:
        facts = [_known_facts(known, day_of) for known in found]
        say_json("commissionings", {"commissionings": facts})
        return
    if not found:
        say("no commissioning is on file")
    for known in found:
        tested = known.filed.record
        what = f"{tested.tested.unit_id} {tested.title}, serial {tested.serial}"
        say(f"{what}: {known.standing.text}")
        for stop in stop_tests(folder, tested.tested.unit_id)[-1:]:
            told = forces.in_sentence(stop.test.text)
            say(f"  stop test of {stop.day(day_of)} by {stop.by}: {told}")


@grouped
def stop_test(
    session: SessionArgument,
    *,
    by: Annotated[str, typer.Option("--by", help="Who pressed the switch, and signs for it.")],
    records: RecordsOptions,
) -> None:
    """File a session on the frame, during which the switch was pressed, as the unit's stop test."""
    from records.accounts.rights import Right
    from records.keeping.stop_tests import file_stop_test
    from workstation.anchors import leave_checkpoints
    from workstation.terminal_sign_in import author_for
    from workstation.texts.refusals import refusals_in

    name = check_name("--by", by)
    place = records.place
    forces = place.leading_unit
    session_id = named_session(place, session, name)
    author = author_for(place.folder, name, Right.UNITS)
    with refusals_in(forces):
        test = file_stop_test(place.folder, author, session_id)
    if records.as_json:
        say_json("stop-test", encode_fields(test))
    else:
        say(f"stop test of unit {test.unit_id}: {forces.in_sentence(test.text)}")
    leave_checkpoints(place.settings, place.folder, warn)
    if not test.passed:
        raise typer.Exit(REFUSED)


def _checked(address: str, thing: ThingOptions) -> str:
    """Returns the number on the plate, as a record may hold it."""
    check_text("ADDRESS", address, ADDRESS_CHARACTERS)
    return check_name("--serial", thing.serial) if thing.serial else ""


def _heavy_enough(kilograms: float) -> float:
    from firmware_bridge.commissioning.weight import SMALLEST_WEIGHT_KG, TOLERANCE_N

    if kilograms < SMALLEST_WEIGHT_KG:
        raise RequestRefused(
            f"--weight {kilograms:g} kg is below {SMALLEST_WEIGHT_KG:g} kg: the "
            f"{TOLERANCE_N:g} N that a reading may differ would hide a wrong gain; take 5 kg"
        )
    return kilograms


def _workplace(place: Place) -> Workplace:
    """Returns the place of the work; messages meanwhile go to standard error."""
    from controller.runtime.clock import SystemClock
    from workstation.session.workplace import Workplace

    settings = place.at_the_clinic_if_readable().settings
    return Workplace(folder=place.folder, settings=settings, clock=SystemClock(), warn=warn)


def _captured(
    address: str, thing: ThingOptions, workplace: Workplace
) -> AbstractContextManager[CaptureWriter | None]:
    """Returns the capture's file; 64 zeros stand for a profile that is still to be found."""
    from firmware_bridge.profiles import find_profile
    from workstation.session.capturing import captured
    from workstation.station.kept_address import check_not_kept

    check_not_kept(workplace.folder.path, address)
    digest = NO_DIGEST
    if thing.profile:
        digest = find_profile(thing.profile, workplace.folder.path)[1]
    return captured(thing.capture, address, digest, workplace.clock, warn)


class _TerminalGuide:
    """Shows each step to the person at the terminal. Implements ``Guide``."""

    def __init__(self, lines: TypedLines, forces: ForceUnit) -> None:
        self._lines, self._forces = lines, forces

    def ask(self, text: str) -> None:
        """Wait for Enter; raises RequestRefused for q, AnswerMissing when the terminal closed."""
        warn(f"{self._forces.in_sentence(text)} (q gives up)")
        try:
            answer = self._lines.read_line()
        except EOFError as error:
            raise AnswerMissing("the terminal closed: nobody hangs the weight") from error
        if answer.strip().lower() in GIVEN_UP:
            raise RequestRefused("given up at the terminal; nothing was filed")

    def tell(self, text: str) -> None:
        """Print it."""
        warn(self._forces.in_sentence(text))


def _guide(forces: ForceUnit) -> _TerminalGuide:
    """Returns who hangs the weight; raises AnswerMissing without a terminal."""
    from workstation.terminal.typed_lines import typed_lines

    lines = typed_lines(sys.stdin)
    if lines is None:
        raise AnswerMissing(
            "a weight test needs a person who hangs the weight; start it at a terminal"
        )
    return _TerminalGuide(lines, forces)


def _show(
    address: str,
    result: ProbeResult,
    items: Sequence[CheckItem],
    forces: ForceUnit,
    done: Commissioned | None = None,
) -> None:
    for line in _lines(address, result, items, done):
        say(forces.in_sentence(line))


def _standing(result: ProbeResult, done: Commissioned | None) -> Standing | None:
    if done is not None:
        return done.standing
    return result.known.standing if result.known else None


def _facts(
    address: str,
    result: ProbeResult,
    items: Sequence[CheckItem],
    done: Commissioned | None = None,
) -> dict[str, object]:
    """Returns the findings for programs, in newtons."""
    standing = _standing(result, done)
    return {
        "address": address,
        "profile": result.profile.name,
        "profile_sha256": result.digest,
        "tried": [asdict(one) for one in result.tried],
        "items": [_item_facts(item) for item in items],
        "answers": asdict(result.probed.times) if result.probed.times else None,
        "channels": _channels(result),
        "commissioning": asdict(standing) if standing else None,
    }


def _lines(
    address: str,
    result: ProbeResult,
    items: Sequence[CheckItem],
    done: Commissioned | None,
) -> Iterator[str]:
    """Yields what was found, for people."""
    standing = _standing(result, done)
    for one in result.tried:
        yield f"{one.name}: {'fits' if one.fits else 'does not fit'}{one.why and ': '}{one.why}"
    for item in items:
        yield item.text
    failed = sum(item.refuses for item in items)
    yield f"{address} as {result.profile.name}: " + (
        f"{failed} of {len(items)} items failed" if failed else "no fault found"
    )
    if standing is not None:
        yield f"commissioning: {standing.text}"
    elif done is None:
        yield "commissioning: give the number on the plate with --serial to see what is on file"
    else:
        yield "commissioning: nothing was filed, because there was no reading"


def _item_facts(item: CheckItem) -> dict[str, str]:
    return {"item": item.name, "state": item.state.value, "value": item.value, "todo": item.todo}


def _channels(result: ProbeResult) -> list[dict[str, float]]:
    watched = result.probed.watched
    return [asdict(channel) for channel in watched.channels] if watched else []


def _known_facts(known: KnownFiled, day_of: DayOf) -> dict[str, object]:
    filed = known.filed
    return {
        **encode_fields(filed.record),
        "by": filed.by,
        "day": filed.day(day_of).isoformat(),
        **asdict(known.standing),
    }

"""Decodes a line of a gauge to a force."""

from __future__ import annotations

from typing import Final

from controller.telemetry import InstrumentFault
from firmware_bridge.force_decoding.decoded import (
    DecodedForce,
    check_finite,
    check_range,
    faulted,
    newtons,
)
from firmware_bridge.profile_kinds.checksums import checksum_of
from firmware_bridge.profile_kinds.data import Unit
from firmware_bridge.profile_kinds.gauge import GaugeProfile, HeldAnswer
from firmware_bridge.profile_kinds.line_grammar import match_line

_DIGITS: Final = frozenset("0123456789.")
_HEX: Final = frozenset("0123456789ABCDEFabcdef")


def decode_line(profile: GaugeProfile, line: bytes, unit: Unit | None = None) -> DecodedForce:
    """Returns the force of one complete answer, terminator included; raises InstrumentFaulted.

    ``unit``: the unit that the instrument is set to, if it is not the profile's (examples).
    """
    groups = _groups(profile, line)
    _check_checksum(profile, groups, line)
    stable = _status(profile, groups, line)
    expected = unit or profile.unit.expected
    _check_unit(profile, groups, line, expected)
    decimals = _decimals(profile, groups, line)
    forces: dict[str, float] = {}
    for key in ("net", "gross"):
        if key == "net" or key in groups:
            displayed = _displayed(profile, key, groups, line)
            if displayed in profile.sent_on_overload:
                detail = f"{displayed:g} is sent instead of a value"
                raise faulted(profile.name, InstrumentFault.OVERLOAD, detail, line)
            check_range(profile.name, displayed, (profile.lowest, profile.highest), line)
            forces[key] = newtons(displayed, expected, profile.sign.tension)
    return DecodedForce(
        net_n=forces["net"],
        gross_n=forces.get("gross"),
        decimals=decimals,
        raw_count=None,
        sample_number=_sample_number(profile, groups, line),
        stable=stable,
        faults=frozenset(),
    )


def answers_as_held(profile: GaugeProfile, held: HeldAnswer, line: bytes) -> bool:
    """Returns True if the answer to a setting's request is the required one."""
    ending = profile.ends_with.encode("ascii")
    body = line.removesuffix(ending) if ending else line
    if not body.isascii() or (ending and not line.endswith(ending)):
        return False
    return match_line(held.pattern, body.decode("ascii")) is not None


def _groups(profile: GaugeProfile, line: bytes) -> dict[str, str]:
    """Returns the named groups of a value line; raises InstrumentFaulted for any other line."""
    text = _text(profile, line)
    groups = match_line(profile.answer.pattern, text)
    if groups is not None:
        return groups
    for data in profile.fault_lines:
        if match_line(data.pattern, text) is not None:
            raise faulted(profile.name, data.says, f"it sent {text!r}", line)
    raise faulted(profile.name, InstrumentFault.OTHER_LINE, f"it sent {text!r}", line)


def _text(profile: GaugeProfile, line: bytes) -> str:
    """Returns the line without its terminator; raises InstrumentFaulted if it is another one."""
    ending = profile.ends_with.encode("ascii")
    whole = len(line) == profile.length if profile.length else line.endswith(ending)
    body = line.removesuffix(ending) if ending else line
    if not whole or not body.isascii() or len(line) > profile.longest_line:
        raise faulted(profile.name, InstrumentFault.OTHER_LINE, f"it sent {line!r}", line)
    return body.decode("ascii")


def _check_checksum(profile: GaugeProfile, groups: dict[str, str], line: bytes) -> None:
    kind = profile.checksum.kind
    if kind == "none":
        return
    right, came = checksum_of(kind, groups.get("checked", "")), groups.get("checksum", "")
    if came.upper() != right:
        detail = f"{came!r} received, {right!r} expected"
        raise faulted(profile.name, InstrumentFault.CHECKSUM, detail, line)


def _status(profile: GaugeProfile, groups: dict[str, str], line: bytes) -> bool | None:
    """Returns whether the value is stable; None if the line does not say it.

    Raises InstrumentFaulted if the status is a fault.
    """
    if not profile.status:
        return None
    code = groups.get("status", "")
    says = profile.status.get(code)
    if says is None:
        raise faulted(profile.name, InstrumentFault.UNKNOWN_CODE, f"status {code!r}", line)
    if isinstance(says, InstrumentFault):
        raise faulted(profile.name, says, f"status {code!r}", line)
    return None if says == "fine" else says == "stable"


def _check_unit(profile: GaugeProfile, groups: dict[str, str], line: bytes, expected: Unit) -> None:
    if profile.unit.where == "constant":
        return
    text = groups.get("unit", "")
    unit = profile.unit.table.get(text)
    if unit is None:
        raise faulted(profile.name, InstrumentFault.OTHER_UNIT, f"unit {text!r}", line)
    if unit != expected:
        detail = f"it shows {unit}, the profile wants {expected}"
        raise faulted(profile.name, InstrumentFault.OTHER_UNIT, detail, line)


def _decimals(profile: GaugeProfile, groups: dict[str, str], line: bytes) -> int:
    """Returns the number of digits after the decimal point, from wherever the profile places it."""
    data = profile.decimals
    if data.where == "value":
        return len(groups.get("net", "").partition(".")[2])
    if data.value is not None:
        return data.value
    code = groups.get("decimals", "")
    if code not in data.table:
        raise faulted(profile.name, InstrumentFault.UNKNOWN_CODE, f"decimals {code!r}", line)
    return data.table[code]


def _sample_number(profile: GaugeProfile, groups: dict[str, str], line: bytes) -> int | None:
    """Returns the instrument's hexadecimal sample count; None if the line has none."""
    digits = groups.get("sample_number")
    if digits is None:
        return None
    if not digits or not set(digits) <= _HEX:
        raise faulted(profile.name, InstrumentFault.NO_NUMBER, repr(digits), line)
    return int(digits, 16)


def _displayed(profile: GaugeProfile, key: str, groups: dict[str, str], line: bytes) -> float:
    """Returns the signed number as the gauge displays it."""
    came = groups.get(key, "")
    digits = came.strip(" ")
    negative = digits.startswith("-")
    if profile.sign.where == "group":
        character = groups.get(f"{key}_sign", "")
        if character not in profile.sign.characters:
            raise faulted(profile.name, InstrumentFault.UNKNOWN_CODE, f"sign {character!r}", line)
        negative = profile.sign.characters[character] == "negative"
    else:
        digits = digits.removeprefix("-").removeprefix("+")
    digits = digits.strip(" ")
    if not digits.strip(".") or not set(digits) <= _DIGITS or digits.count(".") > 1:
        raise faulted(profile.name, InstrumentFault.NO_NUMBER, repr(came), line)
    number = check_finite(profile.name, float(digits), line)
    if profile.decimals.where != "value":
        number /= 10 ** _decimals(profile, groups, line)
    return -number if negative else number

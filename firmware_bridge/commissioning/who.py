"""Identifies the device at an address by trying the known profiles, one connection each.

Only reads are sent. A traction unit identifies itself, so it is tried first. No instrument does: a
profile fits if its values read well, and the plate decides. Each profile gets its own connection
because some servers stop answering after an unknown function. Bus addresses are not searched: the
unit number is part of the address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from controller.errors import (
    AddressInvalid,
    InstrumentFaulted,
    LinkError,
    LinkLost,
    ReplyTimeout,
    UnitNotVerified,
)
from controller.ports import Clock
from controller.telemetry import InstrumentFault
from firmware_bridge.commissioning.items import NOT_THIS_MODEL, InstrumentProfile
from firmware_bridge.commissioning.probe import ask_twice
from firmware_bridge.commissioning.readers import InstrumentReader
from firmware_bridge.connect import connect_unit
from firmware_bridge.connect_instrument import connect_instrument
from firmware_bridge.line.line import Capture
from firmware_bridge.line.uri import AsciiAddress, TcpAddress, parse_uri
from firmware_bridge.modbus.behind_gateway import look_behind
from firmware_bridge.modbus.frames import READ
from firmware_bridge.profile_kinds.gauge import GaugeProfile
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile

UNIT: str = "reference_v1"
Known = Mapping[str, tuple[object, str]]
"""Profiles by name, each with its digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One profile tried at the address. ``why``: why it does not fit, or the fault it reports."""

    name: str
    fits: bool
    answered: bool
    why: str = ""


def find_out(
    uri: str, known: Known, clock: Clock, capture: Capture | None, say: Callable[[str], None]
) -> list[Tried]:
    """Try every profile that uses the address's protocol; raises AddressInvalid or LinkLost.

    An identified traction unit ends the search.
    """
    is_text = isinstance(parse_uri(uri), AsciiAddress)
    tried = []
    if not is_text:
        tried.append(_try_unit(uri, clock, capture))
        if tried[0].fits:
            return tried
    for name, profile, digest in _in_order(known, is_text=is_text):
        if harm := harm_of(profile, known):
            tried.append(Tried(name=name, fits=False, answered=False, why=harm))
            continue
        say(f"asking as {name}")
        tried.append(_try_instrument(uri, profile, digest, clock, capture))
    return tried


def not_one(uri: str, tried: list[Tried]) -> UnitNotVerified | ReplyTimeout:
    """Returns the error, with the next step, for a search that did not leave a single profile."""
    fitting = [one for one in tried if one.fits]
    if len(fitting) > 1:
        names = ", ".join(one.name for one in fitting)
        return UnitNotVerified(
            f"the device at {uri} reads well as each of {names}; the plate on it decides: "
            "name the profile with --profile"
        )
    reasons = "; ".join(f"{one.name}: {one.why}" for one in tried)
    if not any(one.answered for one in tried):
        return ReplyTimeout(
            f"nothing answers at {uri}, each of {len(tried)} profiles tried twice; check "
            f"cable, power, unit number, baud rate and parity{_behind(uri)} ({reasons})"
        )
    return UnitNotVerified(
        f"the device at {uri} fits none of the known profiles; name its own with --profile, "
        f"or describe it in a file ({reasons})"
    )


def _behind(uri: str) -> str:
    address = parse_uri(uri)
    if isinstance(address, TcpAddress) or not address.is_gateway:
        return ""
    return f"; {look_behind(str(address.port), 'instrument')}"


def _in_order(known: Known, *, is_text: bool) -> Iterator[tuple[str, InstrumentProfile, str]]:
    """Yields profiles by name; those read with function 4, which fewer instruments have, last."""
    kind = GaugeProfile if is_text else TransmitterProfile
    found = [
        (name, profile, digest)
        for name, (profile, digest) in known.items()
        if isinstance(profile, TransmitterProfile | GaugeProfile) and isinstance(profile, kind)
    ]
    return iter(sorted(found, key=lambda one: (_is_unusual(one[1]), one[0])))


def _is_unusual(profile: InstrumentProfile) -> bool:
    return isinstance(profile, TransmitterProfile) and any(
        read.function != READ for read in profile.reads
    )


def harm_of(profile: InstrumentProfile, known: Known) -> str:
    """Returns why this model's request must not be sent to an unknown device; "" if it may be.

    Gauges take commands as text: the request of one model may zero another or switch it off.
    """
    if not isinstance(profile, GaugeProfile):
        return ""
    for name, (other, _) in known.items():
        if not isinstance(other, GaugeProfile) or name == profile.name:
            continue
        for request, never in product(profile.sent(), other.never_sent):
            if never.request in request:
                return (
                    f"not tried: its request {request!r} contains {never.request!r}, which on "
                    f"{name} {never.means}; give --profile {profile.name} if it is this model"
                )
    return ""


def _try_unit(uri: str, clock: Clock, capture: Capture | None) -> Tried:
    try:
        connect_unit(uri, clock, capture=capture).close()
    except LinkLost:
        raise
    except (UnitNotVerified, AddressInvalid) as error:
        answered = isinstance(error, UnitNotVerified)
        return Tried(name=UNIT, fits=False, answered=answered, why=error.message)
    except LinkError as failure:
        answered = not isinstance(failure, ReplyTimeout)
        return Tried(name=UNIT, fits=False, answered=answered, why=failure.message)
    return Tried(name=UNIT, fits=True, answered=True)


def _try_instrument(
    uri: str, profile: InstrumentProfile, digest: str, clock: Clock, capture: Capture | None
) -> Tried:
    name = profile.name
    try:
        source = connect_instrument(uri, profile, digest, clock, capture=capture)
    except AddressInvalid as refusal:
        return Tried(name=name, fits=False, answered=False, why=refusal.message)
    source.gateway = None  # report only after all were tried
    try:
        ask_twice(InstrumentReader(source))
    except LinkLost:
        raise
    except InstrumentFaulted as error:
        fits = InstrumentFault(error.fault) not in NOT_THIS_MODEL
        return Tried(name=name, fits=fits, answered=True, why=error.message)
    except LinkError as failure:
        answered = not isinstance(failure, ReplyTimeout)
        return Tried(name=name, fits=False, answered=answered, why=failure.message)
    finally:
        source.close()
    return Tried(name=name, fits=True, answered=True)

"""The session block 0x300: arming, token and refusal reasons (reference map, B.5)."""

from __future__ import annotations

from typing import Final

from controller.errors import LinkError, LinkLost, OutcomeUncertain, UnitRejected
from controller.ports import ArmingRequest
from firmware_bridge.line.talkers import UnitLink
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.units.reading import read_block, tenths

SAFE_ACTION_RAMP_NOW: Final = 1
NOT_ARMED: Final = 0
ALREADY_SHOWN: Final = 0xFFFF_FFFF


def arming_words(profile: TractionUnitProfile, request: ArmingRequest) -> list[int]:
    """Returns the ten registers from 0x300; raises RequestRefused if a value does not fit."""
    return profile.block("arming").encode(
        {
            "key": profile.arming_key,
            "region": profile.region_codes[request.region],
            "force_limit": tenths("force_limit_n", request.force_limit_n),
            "rate_up": tenths("rate_up_n_per_s", request.rate_up_n_per_s),
            "rate_down": tenths("rate_down_n_per_s", request.rate_down_n_per_s),
            "watchdog": round(request.watchdog_s * 1000),
            "safe_action": SAFE_ACTION_RAMP_NOW,
            "safe_ramp_rate": profile.safe_ramp_rate_dn_per_s[request.region],
            "hold_time": 0,
        }
    )


def take_token(link: UnitLink, profile: TractionUnitProfile) -> int:
    """Read the token from 0x30A, which returns it once; raises OutcomeUncertain if it is lost."""
    try:
        token = read_named(link, profile, "token")["token"]
    except LinkLost:
        raise
    except LinkError:
        token = ALREADY_SHOWN
    if token in (NOT_ARMED, ALREADY_SHOWN):
        raise OutcomeUncertain(
            "the unit is armed but its token was lost; its watchdog releases it: "
            "acknowledge it and start again"
        )
    return token


def check_watchdog(link: UnitLink, profile: TractionUnitProfile, *, ordered_ms: int) -> None:
    """Check the watchdog echoed at 0x30F; raises OutcomeUncertain if it is not as ordered."""
    try:
        echoed_ms = _watchdog_ms(link, profile)
    except LinkLost:
        raise
    except LinkError as error:
        raise OutcomeUncertain(
            f"the unit is armed, but the watchdog in force could not be read "
            f"({error.message}); {ordered_ms} ms were ordered; the unit has to be released"
        ) from error
    if echoed_ms != ordered_ms:
        raise OutcomeUncertain(
            f"the unit reports a watchdog of {echoed_ms} ms, {ordered_ms} ms were ordered: a "
            "silent host would not be noticed in time; release it and have its firmware checked"
        )


def _watchdog_ms(link: UnitLink, profile: TractionUnitProfile) -> int:
    """Read the watchdog; one lost answer is requested again, for which there is time."""
    try:
        return read_named(link, profile, "arming_age")["watchdog_echo"]
    except (LinkLost, UnitRejected):
        raise
    except LinkError:
        return read_named(link, profile, "arming_age")["watchdog_echo"]


def refusal_words(link: UnitLink, profile: TractionUnitProfile) -> str:
    """Returns the bits of 0x30C as text; a lost answer is reported as text, not raised."""
    try:
        bits = read_named(link, profile, "refusal")["reasons"]
    except LinkError:
        return "reason unknown (it could not be read)"
    named = [text for bit, text in enumerate(profile.refusal_reasons) if bits & 1 << bit]
    return ", ".join(named) or f"reason bits 0x{bits:04X}"


def read_named(link: UnitLink, profile: TractionUnitProfile, name: str) -> dict[str, int]:
    """Returns the numbers of one of the profile's blocks, read alone; raises LinkError."""
    block = profile.block(name)
    return block.numbers(read_block(link, block))

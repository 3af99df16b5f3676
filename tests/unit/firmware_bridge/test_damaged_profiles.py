"""Whatever is done to a profile's file: it is refused in words, or what it decodes is a force."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from controller.errors import InstrumentFaulted, ProfileInvalid
from firmware_bridge.force_decoding.lines import decode_line
from firmware_bridge.force_decoding.registers import RegisterImage, decode_registers
from firmware_bridge.profile_kinds.gauge import GaugeProfile
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile
from firmware_bridge.profiles import DeviceProfile, load_profile

FILES = sorted(Path("firmware_bridge/device_profiles").glob("*.toml"))
VALUES = (
    *('""', "0", "-1", "1e999", "nan", "inf", "true", "[]", "{}", "[[1]]", "2026-01-01", "3"),
    *('"\\u0000"', "99999999999999999999", '"(?P<net>a)"', '"bit"', '"register"', '"group"'),
    *('"constant"', '"overload"'),
)
CHARACTERS = "\x00\t\x1b\"'.[]é\x7f\u202e"
FILES_PER_SEED = 60
ANSWERS_PER_FILE = 10


def damaged(text: str, source: random.Random) -> str:
    """One to three lines gone, twice, with another value or another character."""
    lines = text.split("\n")
    for _ in range(source.randint(1, 3)):
        at = source.randrange(len(lines))
        what, line = source.random(), lines[at]
        if what < 0.25:
            lines[at] = ""
        elif what < 0.4:
            lines.insert(at, source.choice(lines))
        elif what < 0.8 and "=" in line:
            lines[at] = f"{line.split('=')[0]}= {source.choice(VALUES)}"
        elif line:
            place = source.randrange(len(line))
            lines[at] = line[:place] + source.choice(CHARACTERS) + line[place + 1 :]
    return "\n".join(lines)


def force_of(profile: DeviceProfile, source: random.Random) -> float | None:
    """The force that a drawn answer is to this profile; None for a fault, and for a unit."""
    try:
        if isinstance(profile, GaugeProfile):
            line = bytearray((profile.examples[0].line if profile.examples else "1").encode())
            line[source.randrange(len(line))] = source.choice(b"0123456789+-. ,NKTOE*\r\n")
            return decode_line(profile, bytes(line)).net_n
        if isinstance(profile, TransmitterProfile):
            words: dict[tuple[int, int], int] = {
                (read.function, read.address + offset): source.choice(
                    (0, 1, 0xFFFF, 0x7FFF, source.randrange(0x10000))
                )
                for read in profile.reads
                for offset in range(read.count)
            }
            return decode_registers(profile, RegisterImage(words)).net_n
    except InstrumentFaulted:
        pass
    return None


@pytest.mark.parametrize("seed", range(5))
def test_a_damaged_file_is_refused_or_decodes_forces_and_faults(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)
    refused = 0
    for _ in range(FILES_PER_SEED):
        file = source.choice(FILES)
        path = tmp_path / file.name
        path.write_text(damaged(file.read_text(), source), encoding="utf-8")
        try:
            profile, _ = load_profile(path)
        except ProfileInvalid as error:
            assert_names_file(error, file.name)
            refused += 1
            continue
        forces = [force_of(profile, source) for _ in range(ANSWERS_PER_FILE)]
        assert all(math.isfinite(force_n) for force_n in forces if force_n is not None)
    assert refused > FILES_PER_SEED / 2


def assert_names_file(error: ProfileInvalid, name: str) -> None:
    assert name in error.message
    assert "\x1b" not in error.message
    assert "\u202e" not in error.message

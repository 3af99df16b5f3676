"""The shipped profile, and what is said of a broken one."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.errors import ProfileInvalid
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.profiles import load_profile, shipped_profile

SHIPPED = Path("firmware_bridge/device_profiles/reference_v1.toml").read_text()


def test_shipped_profile_is_not_called_verified() -> None:
    profile, digest = shipped_profile("reference_v1", TractionUnitProfile)
    assert not profile.verified
    assert profile.caveats
    assert len(digest) == 64


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("verified = false", "verifyed = false", "verif"),
        ("verified = false", 'verified = "no"', "verified"),
        ("baudrate = 38400", "baudrate = 300", "serial.baudrate"),
        ("baudrate = 38400", "baudrate = 460800", "serial.baudrate"),
        ("baudrate = 38400", "baudrate = 38400\nbytesize = 6", "serial.bytesize"),
        ("baudrate = 38400", "baudrate = 38400\nbytesize = 7", "Modbus RTU needs 8"),
        ('parity = "E"', 'parity = "X"', "serial.parity"),
        ("address = 0x0112, ", "address = 0x0113, ", "newest_event lies outside"),
        ("[serial]", "[serial", "not valid TOML"),
        ('parity = "E"', 'parity = "E\\u202E"', "serial.parity has a mark that turns"),
        (
            "functions = [3, 16, 23]",
            "functions = [3, 16]",
            "[3, 16] is not possible",
        ),
        (
            "functions = [3, 16, 23]",
            "functions = [3, 4, 16, 23]",
            "[3, 4, 16, 23] is not",
        ),
        (
            "address = 0x030A\ncount = 2\n",
            "address = 0x030A\ncount = 3\n",
            "blocks.token and blocks.arming_age both have 3 registers: on RTU a late answer of one",
        ),
    ],
)
def test_a_broken_profile_is_refused_by_file_and_key(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert old in SHIPPED
    path = tmp_path / "reference_v1.toml"
    path.write_text(SHIPPED.replace(old, new, 1))
    with pytest.raises(ProfileInvalid) as refused:
        load_profile(path)
    assert "reference_v1.toml" in refused.value.message
    assert words in refused.value.message


def test_a_missing_profile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileInvalid, match="cannot be read"):
        load_profile(tmp_path / "none.toml")

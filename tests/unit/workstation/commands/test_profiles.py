"""``traction profiles``, and the how-to of a new instrument by its own words."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from stat import S_IMODE
from textwrap import dedent

import pytest

from controller.errors import InstrumentFaulted, ProfileInvalid
from controller.runtime.clock import VirtualClock
from firmware_bridge.connect_instrument import connect_instrument
from firmware_bridge.profile_kinds.gauge import GaugeProfile
from firmware_bridge.profiles import find_profile, shipped_names
from simulator.line.device_time import VirtualDeviceTime
from simulator.line.text_server import TextServer
from tests.support.commands import invoke
from tests.support.pages import read

HOW_TO = "how-to/add-an-instrument.md"


def run(*words: str) -> tuple[int, str]:
    result = invoke(*words)
    if isinstance(result.exception, ProfileInvalid):
        return 2, result.exception.message
    return result.exit_code, result.output


def blocks(language: str) -> list[str]:
    """Code of the how-to in one language, as a reader copies it."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", read(HOW_TO), re.MULTILINE | re.DOTALL)
    return [dedent(text) for _, text in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with the file, both as the how-to makes them."""
    making, _, _ = blocks("sh")
    subprocess.run(["sh", "-ec", making], env=os.environ | {"HOME": str(tmp_path)}, check=True)
    data = tmp_path / ".local" / "share" / "traction"
    text = "\n".join(blocks("toml"))
    # Tables behind the first step may not stand before its plain keys; a reader goes in order too.
    (data / "profiles" / "example_ex1.toml").write_text(text, encoding="utf-8")
    return data


def test_the_how_to_s_file_is_sound_and_its_command_says_so(folder: Path) -> None:
    _, checking, probing = blocks("sh")
    words = checking.split()
    assert words == ["traction", "profiles", "example_ex1"]
    assert probing.split()[-2:] == ["--profile", words[-1]]
    assert S_IMODE(folder.stat().st_mode) == 0o700
    status, output = run(*words[1:], "--data", str(folder))
    assert status == 0
    for said in ("Example EX-1", "has to be set to N", "2 of its frames decode as its file says"):
        assert said in output
    assert said in read(HOW_TO)
    assert "SHA-256 " in output


class ExampleGauge:
    """The gauge that does not exist, by the words of its manual."""

    answer_s = 0.01

    def __init__(self) -> None:
        self.line = b"ST,+0102.3,N\r\n"
        self._kept = b""

    def hear(self, data: bytes, now_s: float) -> list[bytes]:
        *requests, self._kept = (self._kept + data).split(b"\r")
        return [self.line for request in requests if request == b"READ"]


def test_the_how_to_s_gauge_is_read_over_a_socket(folder: Path) -> None:
    clock, gauge = VirtualClock(), ExampleGauge()
    profile, digest = find_profile("example_ex1", folder)
    assert isinstance(profile, GaugeProfile)
    with TextServer(gauge, VirtualDeviceTime(clock), baudrate=9600).serve_tcp() as server:
        source = connect_instrument(server.uri, profile, digest, clock)
        assert source.read().net_n == 102.3
        for line, fault in [
            (b"OL,+------,N\r\n", "overload"),
            (b"ST,+0010.4,kgf\r\n", "other_unit"),
            (b"ST,-0102.3,N\r\n", "sign_inverted"),
            (b"ST,+102.3,N\r\n", "other_line"),
        ]:
            gauge.line = line
            clock.sleep_until(clock.now_s() + 0.1)
            with pytest.raises(InstrumentFaulted) as told:
                source.read()
            assert told.value.fault == fault
        source.close()


def test_the_list_has_every_profile_and_one_s_own(folder: Path) -> None:
    status, output = run("profiles", "--data", str(folder))
    assert status == 0
    assert all(name in output for name in shipped_names())
    assert "Example EX-1 force gauge (your own)" in output
    status, output = run("profiles", "--json", "--data", str(folder))
    listed = json.loads(output)
    assert {one["name"] for one in listed["profiles"]} == {*shipped_names(), "example_ex1"}
    assert {one["verified"] for one in listed["profiles"]} == {False}
    assert listed["refused"] == []


def test_a_refused_file_is_named_beside_the_others_and_the_status_is_2(folder: Path) -> None:
    path = folder / "profiles" / "example_ex1.toml"
    path.write_text(path.read_text().replace("102.3\n", "103.2\n"))
    status, output = run("profiles", "--data", str(folder))
    assert status == 2
    assert "REFUSED: profile example_ex1.toml: examples.0" in output
    assert "laumas_tlb" in output
    status, output = run("profiles", str(path), "--data", str(folder))
    assert status == 2
    assert "net_n=103.2 is stated, but the result is 102.3" in output


def test_one_profile_is_shown_with_its_facts(folder: Path) -> None:
    status, output = run("profiles", "laumas_tlb", "--data", str(folder))
    assert status == 0
    assert "has to be set to kgf" in output
    assert "no frame from a source for: negative, zero, overload" in output
    assert "verified on a real instrument: no" in output
    assert "- The CAS CI-600D looks alike" in output
    _, output = run("profiles", "reference_v1", "--json", "--data", str(folder))
    assert json.loads(output)["kind"] == "traction_unit"


def test_an_unknown_name_is_refused_with_those_that_are_known(folder: Path) -> None:
    status, output = run("profiles", "none_such", "--data", str(folder))
    assert status == 2
    assert "example_ex1" in output

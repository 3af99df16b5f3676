"""``traction run --capture`` and ``traction replay``."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
from fastcrc import crc16

from controller.runtime.clock import SystemClock
from firmware_bridge.connect import connect_unit, unit_profile
from firmware_bridge.line.capture import CaptureHead, CaptureWriter, read_capture
from firmware_bridge.line.line import Direction
from records.evidence.reader import read_session
from records.store.record_folder import RecordFolder
from tests.support.sessions import SHORT_CERVICAL, staged
from tests.unit.workstation.conftest import Traction
from workstation.session import capturing
from workstation.session.capturing import captured
from workstation.session.operators import SessionOperator
from workstation.session.session_script import parse_script

HEAD = "traction-capture 1 2026-11-29T16:44:12.123Z " + "ab" * 32
RTU = "modbus-rtu:///dev/ttyUSB0"
CANARY = "Canary Xq7"


def rtu(body: str) -> str:
    data = bytes.fromhex(body)
    return (data + crc16.modbus(data).to_bytes(2, "little")).hex()


def capture_of(tmp_path: Path, address: str, *lumps: str) -> Path:
    lines = [f"{number}.000000 {lump}\n" for number, lump in enumerate(lumps)]
    path = tmp_path / "line.capture"
    path.write_text(f"{HEAD} {address}\n{''.join(lines)}end {len(lumps)}\n", encoding="utf-8")
    return path


# --- run --capture --------------------------------------------------------------------------------


@pytest.fixture
def order(tmp_path: Path) -> str:
    path = tmp_path / "order.toml"
    path.write_text(SHORT_CERVICAL, encoding="utf-8")
    return str(path)


def test_a_run_that_finds_nobody_leaves_what_was_asked_in_a_private_file(
    traction: Traction, order: str, tmp_path: Path
) -> None:
    """The unit's port takes the connection and never answers."""
    path = tmp_path / "line.capture"
    with socket.create_server(("127.0.0.1", 0)) as server:
        uri = f"modbus-tcp://127.0.0.1:{server.getsockname()[1]}?unit=7"
        words = ("run", uri, "--order", order, "--yes", "--data", str(tmp_path / "data"))
        status, said = traction(*words, "--capture", str(path))
        assert status == 3
        assert "no answer within" in said
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        head, lumps = read_capture(path)
        assert (head.address, head.profile_digest) == (uri, unit_profile()[1])
        assert {lump.direction.value for lump in lumps} == {">"}
        before = path.read_bytes()
        status, said = traction(*words, "--capture", str(path))
        assert status == 2
        assert f"--capture {path} already exists" in said
        assert path.read_bytes() == before
    status, said = traction("replay", str(path))
    assert status == 0
    assert "> transaction 1, unit 7, function 3, read 0x" in said


def test_a_file_that_cannot_be_made_is_refused_before_anything_is_sent(
    traction: Traction, order: str, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.symlink_to(tmp_path / "nowhere")
    for path in (tmp_path / "none" / "line.capture", tmp_path, there):
        status, said = traction(
            *("run", "modbus-tcp://127.0.0.1:9", "--order", order, "--yes"),
            *("--data", str(tmp_path / "data"), "--capture", str(path)),
        )
        assert status == 2
        assert f"--capture {path} " in said
    assert not (tmp_path / "nowhere").exists()


def test_trouble_of_the_capture_is_said_once_and_is_nobody_else_s(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: list[str] = []
    path = tmp_path / "line.capture"
    uri = "modbus-tcp://127.0.0.1:9"
    full = os.open("/dev/full", os.O_WRONLY)
    monkeypatch.setattr(capturing, "create_new", lambda path: full)
    with captured(path, uri, "ab" * 32, SystemClock(), said.append) as heard:
        assert heard is not None
        for number in range(100):
            heard(float(number), Direction.SENT, b"\x01")
    (line,) = said
    assert str(path) in line
    assert "No space left on device" in line
    with captured(None, uri, "ab" * 32, SystemClock(), said.append) as heard:
        assert heard is None
    assert len(said) == 1


ORDER_WORDS = ("positioning", "harness", "symptoms", "rationale", "screening", "set_up_by")
REQUESTS = ("pause", "resume", "-2 N", "+2 N {}", "check {}", "remark {}", "mute", "end {}")


def test_a_capture_holds_no_word_that_a_person_typed(folder: RecordFolder, tmp_path: Path) -> None:
    words = [f'{key} = "{CANARY}"' for key in (*ORDER_WORDS, "supervised_by")]
    order = "\n".join([SHORT_CERVICAL.replace("TEST-1", CANARY), *words])
    steps = [
        f'[[step]]\nat = "{20 + 2 * number} s"\ndo = "{do.format(CANARY)}"\nby = "{CANARY}"\n'
        + (f'reason = "{CANARY}"\n' if do == "pause" else "")
        for number, do in enumerate(REQUESTS)
    ]
    path = tmp_path / "line.capture"
    with staged(folder, wire="tcp") as stage:
        uri = stage.uri.replace("://", f"://{CANARY.split()[1]}@")
        head = CaptureHead.of(uri, unit_profile()[1], stage.clock)
        writer = CaptureWriter(path.open("wb"), head, stage.clock)
        stage.connect = lambda uri, clock: connect_unit(uri, clock, capture=writer)
        operator = SessionOperator(
            scripted=True,
            show=lambda snapshot: None,
            script=parse_script("".join(steps), "script"),
        )
        result = stage.treat(order, operator=operator)
        assert not writer.close()
    details = [str(event.detail) for event in read_session(folder, result.session_id).events]
    assert sum(CANARY in detail for detail in details) >= 5
    text = path.read_text()
    sent = b"".join(lump.data for lump in read_capture(path)[1])
    swapped = b"".join(sent[at : at + 2][::-1] for at in range(0, len(sent), 2))
    assert len(sent) > 10_000
    for word in CANARY.split():
        assert word not in text
        for data in (sent, swapped, swapped[1:], sent.lower()):
            assert word.encode() not in data


# --- replay ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lump", "words"),
    [
        (f"> {rtu('010300200001')}", "unit 1, function 3, read 0x0020, 1 register"),
        (f"> {rtu('F7040A000010')}", "unit 247, function 4, read 0x0A00, 16 registers"),
        (f"> {rtu('01060020BEEF')}", "unit 1, function 6, write 0x0020: beef"),
        (f"> {rtu('0110030000020400010002')}", "write 0x0300, 2 registers: 00010002"),
        (
            f"> {rtu('011700100003010000010200FF')}",
            "function 23, read 0x0010, 3 registers, write 0x0100, 1 register: 00ff",
        ),
        (f"< {rtu('010302000B')}", "unit 1, function 3, 2 bytes: 000b"),
        (f"< {rtu('011704000B000C')}", "unit 1, function 23, 4 bytes: 000b000c"),
        (f"< {rtu('01060020BEEF')}", "unit 1, function 6, written 0x0020: beef"),
        (f"< {rtu('011003000002')}", "unit 1, function 16, written 0x0300, 2 registers"),
        (f"< {rtu('018302')}", "unit 1, function 3, exception 2"),
        (f"< {rtu('010303000B')}", "7 bytes, hex 010303000b"),
        (f"< {rtu('010302000B')[:-2]}00", "7 bytes, hex 010302000b"),
        (f"> {rtu('0110030000020400010002FF')}", "14 bytes, hex 0110"),
        (f"> {rtu('012B0E0100')}", "7 bytes, hex 012b"),
        ("< 00", "1 byte, hex 00"),
    ],
)
def test_a_serial_lump_is_shown_in_words(
    traction: Traction, tmp_path: Path, lump: str, words: str
) -> None:
    status, said = traction("replay", str(capture_of(tmp_path, RTU, lump)))
    assert status == 0
    shown = said.splitlines()
    assert shown[0] == f"capture of {RTU}, begun 2026-11-29T16:44:12.123Z"
    assert shown[2].startswith(f"     0.000000 {lump[0]} ")
    assert words in shown[2]
    assert shown[3] == "end of the capture: 1 chunks"


def test_an_answer_in_pieces_is_read_with_its_last_one(traction: Traction, tmp_path: Path) -> None:
    request, answer = rtu("010300200001"), rtu("010302000B")
    lumps = (f"> {request}", f"< {answer[:6]}", f"< {answer[6:]}", f"< {answer}")
    said = traction("replay", str(capture_of(tmp_path, RTU, *lumps)))[1].splitlines()
    assert said[3].endswith(f"< 3 bytes, hex {answer[:6]}")
    assert said[4].endswith("< unit 1, function 3, 2 bytes: 000b")
    assert said[5].endswith("< unit 1, function 3, 2 bytes: 000b")


def test_an_echo_is_named_where_the_address_says_so(traction: Traction, tmp_path: Path) -> None:
    request = rtu("01060020BEEF")
    lumps = (f"> {request}", f"< {request}", f"< {request}", f"> {request}", f"< {request * 2}")
    said = traction("replay", str(capture_of(tmp_path, f"{RTU}?echo=1", *lumps)))[1].splitlines()
    assert said[3].endswith("< echo of the request")
    assert said[4].endswith("< unit 1, function 6, written 0x0020: beef")
    assert said[6].endswith("< echo of the request, unit 1, function 6, written 0x0020: beef")
    said = traction("replay", str(capture_of(tmp_path, RTU, *lumps[:2])))[1].splitlines()
    assert said[3].endswith("< unit 1, function 6, written 0x0020: beef")


@pytest.mark.parametrize(
    ("address", "lump", "words"),
    [
        ("modbus-tcp://h:502", "> 000100000006FF0300200001".lower(), "transaction 1, unit 255, "),
        ("modbus-tcp://h:502", "< 000100000005070302000b", "unit 7, function 3, 2 bytes: 000b"),
        ("modbus-tcp://h:502", "< 000100000006070302000b", "11 bytes, hex"),
        ("modbus-tcp://h:502", "< 000100010005070302000b", "11 bytes, hex"),
        ("ascii:///dev/ttyACM0", "> 3f0d", "> text '?\\r'"),
        ("ascii:///dev/ttyACM0", "< 1b5b324aff0d0a", "< text '\\x1b[2J\\xff\\r\\n'"),
    ],
)
def test_lumps_of_other_lines_are_shown_in_words(
    traction: Traction, tmp_path: Path, address: str, lump: str, words: str
) -> None:
    status, said = traction("replay", str(capture_of(tmp_path, address, lump)))
    assert status == 0
    assert words in said.splitlines()[2]


def test_a_capture_that_was_cut_off_is_shown_as_far_as_it_goes_and_refused(
    traction: Traction, tmp_path: Path
) -> None:
    path = capture_of(tmp_path, RTU, f"> {rtu('010300200001')}")
    path.write_text(path.read_text().removesuffix("end 1\n"))
    status, said = traction("replay", str(path))
    assert status == 2
    assert "read 0x0020" in said
    assert f"capture {path}, line 2: the capture is cut off after 1 chunks" in said
    assert "[1008]" in said
    assert "end of the capture" not in said

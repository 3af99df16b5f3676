"""What counts as the answer of a request, byte by byte, on a serial line and on TCP."""

from __future__ import annotations

import pytest

from firmware_bridge.line.answers import Reply
from firmware_bridge.modbus.frames import Request, RtuFraming, TcpFraming
from firmware_bridge.modbus.link import build_request
from tests.unit.firmware_bridge.scripted import framed

RTU = RtuFraming()
WORDS = bytes.fromhex("AAAABBBB")
RIGHT = bytes.fromhex("010304") + WORDS


def reading() -> Request:
    """Function 3, two registers of unit 1."""
    return build_request(RTU, 1, 3, 0x10, 2)


def rtu(data: bytes, request: Request | None = None) -> Reply | None:
    return RTU.find_answer(data, request or reading())


# --- on a serial line -----------------------------------------------------------------------------


def test_the_right_answer_is_waited_for_to_its_last_byte() -> None:
    frame = framed(RIGHT)
    assert [rtu(frame[:count]) for count in range(len(frame))] == [None] * len(frame)
    assert rtu(frame) == Reply(content=WORDS)
    assert rtu(frame + b"\x55\x55") == Reply(content=WORDS)


def test_any_flipped_bit_of_the_right_answer_is_refused() -> None:
    frame = framed(RIGHT)
    for at in range(8 * len(frame)):
        spoiled = bytearray(frame)
        spoiled[at // 8] ^= 1 << at % 8
        answer = rtu(bytes(spoiled))
        assert answer is None or answer.refusal, at
    assert rtu(framed(RIGHT)[:-1] + b"\0") == Reply(refusal="the CRC is wrong")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("07", "unit 7 answered instead of unit 1"),
        ("0703", "unit 7 answered instead of unit 1"),
        ("0117", "function 23 came instead of 3"),
        ("0104", "function 4 came instead of 3"),
        ("010306", "6 bytes of registers came instead of 4"),
        ("010302AABB", "2 bytes of registers came instead of 4"),
        ("0790", "unit 7 answered instead of unit 1"),
        ("0190", "function 144 came instead of 3"),
    ],
)
def test_the_first_byte_that_differs_refuses_and_is_named(data: str, words: str) -> None:
    assert rtu(bytes.fromhex(data)) == Reply(refusal=words)


@pytest.mark.parametrize("data", ["", "01", "0103", "010304"])
def test_a_beginning_that_fits_is_waited_for(data: str) -> None:
    assert rtu(bytes.fromhex(data)) is None


def test_an_exception_is_waited_for_and_its_crc_is_checked() -> None:
    frame = framed(bytes.fromhex("018306"))
    assert [rtu(frame[:count]) for count in range(2, 5)] == [None] * 3
    assert rtu(frame) == Reply(exception_code=6)
    assert rtu(frame[:4] + bytes([frame[4] ^ 1])) == Reply(refusal="the CRC is wrong")
    assert rtu(frame + b"\0") == Reply(exception_code=6)


def test_an_exception_of_another_function_or_unit_is_none_of_ours() -> None:
    assert rtu(framed(bytes.fromhex("019706"))) == Reply(refusal="function 151 came instead of 3")
    assert rtu(framed(bytes.fromhex("028306"))) == Reply(
        refusal="unit 2 answered instead of unit 1"
    )


def test_the_echo_of_a_write_is_compared_to_its_end() -> None:
    write = build_request(RTU, 1, 16, 0x300, 10)
    right = bytes.fromhex("01100300000A")
    assert RTU.find_answer(framed(right), write) == Reply(content=b"")
    assert RTU.answer_bytes(write) == 8
    assert RTU.find_answer(bytes.fromhex("011003000009"), write) == Reply(
        refusal="the write was echoed as 03000009 instead of 0300000a"
    )
    assert RTU.find_answer(bytes.fromhex("011002"), write) == Reply(
        refusal="the write was echoed as 02 instead of 0300000a"
    )


def test_lengths_and_places_of_a_request() -> None:
    request = build_request(RTU, 1, 23, 0x100, 20, 0x200, 8)
    assert (len(request.frame), request.values_at) == (29, 11)
    assert (request.answer_head, request.answer_words) == (b"\x01\x17\x28", 20)
    assert RTU.answer_bytes(request) == 45
    assert request.frame[11:27] == bytes(16)


def test_a_serial_line_broadcasts_and_has_units_1_to_247() -> None:
    framing = RtuFraming()
    assert (framing.broadcasts, framing.units) == (True, (1, 247))
    assert (framing.head_bytes, framing.tail_bytes) == (0, 2)


# --- on TCP ---------------------------------------------------------------------------------------


class Tcp:
    """One framing, one request under way with transaction 1."""

    def __init__(self) -> None:
        self.framing = TcpFraming()
        self.request = build_request(self.framing, 1, 3, 0x10, 2)
        self.framing.seal(self.request.frame)

    def find(self, data: bytes) -> Reply | None:
        return self.framing.find_answer(data, self.request)


def tcp(
    body: bytes, transaction: int = 1, *, protocol: int = 0, length: int | None = None
) -> bytes:
    """A frame; ``length`` other than the body's on purpose."""
    size = len(body) if length is None else length
    return b"".join(part.to_bytes(2, "big") for part in (transaction, protocol, size)) + body


def test_on_tcp_the_answer_of_the_transaction_is_waited_for_to_its_last_byte() -> None:
    link = Tcp()
    frame = tcp(RIGHT)
    assert [link.find(frame[:count]) for count in range(len(frame))] == [None] * len(frame)
    assert link.find(frame) == Reply(content=WORDS)
    assert link.find(frame + b"\0") == Reply(content=WORDS)


def test_on_tcp_frames_of_other_transactions_are_passed_over() -> None:
    link = Tcp()
    other = tcp(bytes.fromhex("010304CCCCDDDD"), 65535)
    assert link.find(other) is None
    assert link.find(other + other[:7]) is None
    assert link.find(tcp(RIGHT, 0x0101)) is None
    assert link.find(other + tcp(b"\x01\x83\x06", 9) + tcp(RIGHT)) == Reply(content=WORDS)


@pytest.mark.parametrize(
    "header",
    [
        tcp(RIGHT, protocol=7),
        tcp(RIGHT, protocol=0x0100),
        tcp(RIGHT, length=2),
        tcp(RIGHT, length=255),
        tcp(RIGHT, 9, length=0),
        tcp(RIGHT, length=256 + 7),
        tcp(b"", protocol=7, length=7),
    ],
)
def test_on_tcp_a_header_that_is_none_is_refused(header: bytes) -> None:
    assert Tcp().find(header) == Reply(refusal="the header is not Modbus TCP")


def test_on_tcp_the_shortest_and_the_longest_frame_are_frames() -> None:
    link = Tcp()
    assert link.find(tcp(b"\x01\x83\x02")) == Reply(exception_code=2)
    assert link.find(tcp(bytes(254), 9)) is None
    assert link.find(tcp(bytes(254), 9) + tcp(RIGHT)) == Reply(content=WORDS)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("070304AAAABBBB", "unit 7 answered instead of unit 1"),
        ("011704AAAABBBB", "function 23 came instead of 3"),
        ("010302AAAA", "2 bytes of registers came instead of 4"),
        ("010304AAAA", "a frame of 11 bytes came instead of 13"),
        ("010304AAAABBBBCC", "a frame of 14 bytes came instead of 13"),
        ("01830600", "function 131 came instead of 3"),
        ("078306", "unit 7 answered instead of unit 1"),
    ],
)
def test_on_tcp_our_transaction_with_another_body_is_refused(body: str, words: str) -> None:
    assert Tcp().find(tcp(bytes.fromhex(body))) == Reply(refusal=words)


def test_on_tcp_transactions_are_numbered_from_1_to_65535() -> None:
    framing = TcpFraming()
    request = build_request(framing, 1, 3, 0x10, 2)
    numbers = []
    for _ in range(65537):
        framing.seal(request.frame)
        numbers.append(int.from_bytes(request.frame[:2], "big"))
    assert numbers == [*range(1, 65536), 1, 2]
    assert (framing.broadcasts, framing.units) == (False, (0, 255))
    assert framing.answer_bytes(request) == 13

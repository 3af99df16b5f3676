"""One whole answer of an instrument that sends text, and what is said of everything else."""

from __future__ import annotations

import pytest

from controller.errors import FrameCorrupt, ReplyTimeout, RequestRefused
from firmware_bridge.ascii.endings import AnswerEnd, FixedLength, LineEnd
from firmware_bridge.ascii.talker import AsciiTalker
from firmware_bridge.line.line import Line
from firmware_bridge.line.talkers import LineAsker
from firmware_bridge.line.timing import serial_times
from tests.unit.firmware_bridge.scripted import JumpingClock, ScriptedPort

TIMEOUT_S = 0.1
CRLF = LineEnd(terminator=b"\r\n")


def talker(*answers: bytes, end: AnswerEnd = CRLF, echo: bool = False) -> AsciiTalker:
    """One answer for each request, nothing behind them."""
    left = list(answers)
    port = ScriptedPort(lambda _: left.pop(0) if left else b"", JumpingClock())
    line = Line(port, port.clock, serial_times(9600), echo=echo)
    return AsciiTalker(line, end=end, timeout_s=TIMEOUT_S)


def test_it_is_what_instruments_ask_for() -> None:
    asker: LineAsker = talker(b"-18.78 lbF\r\n")
    assert asker.ask(b"?\r") == b"-18.78 lbF\r\n"


@pytest.mark.parametrize(
    ("end", "answer"),
    [
        (CRLF, b"4.285 N\r\n"),
        (LineEnd(terminator=b"\r"), b"+12.50KT0\r"),
        (FixedLength(characters=7), b"1021.15"),
        (LineEnd(terminator=b"\r"), b"\x0241590100012345\r"),
        (CRLF, b"<00A3,1,3,004C,0003,0000,+1019,+1021,+1023,+0365,5F21,0004,0488*79CF\r\n"),
    ],
)
def test_an_answer_is_taken_when_it_is_whole_however_it_comes(
    end: AnswerEnd, answer: bytes
) -> None:
    whole = talker(answer, end=end)
    assert whole.ask(b"9") == answer
    pieces = talker(end=end)
    port = pieces.line._transport  # noqa: SLF001
    assert isinstance(port, ScriptedPort)
    for at, byte in enumerate(answer):
        port.comes(bytes([byte]), 0.01 + 0.001 * at)
    assert pieces.ask(b"9") == answer


def test_half_an_answer_is_none_and_the_error_shows_it() -> None:
    with pytest.raises(FrameCorrupt) as refused:
        talker(b"-18.7").ask(b"?\r")
    assert refused.value.raw == b"-18.7"
    assert "5 bytes b'-18.7' came within 100 ms" in refused.value.message
    assert r"instead of a line that ends with b'\r\n'" in refused.value.message
    with pytest.raises(FrameCorrupt, match=r"6 bytes b'1021.1' came .* instead of 7 characters"):
        talker(b"1021.1", end=FixedLength(characters=7)).ask(b"9")


def test_silence_is_a_time_out_that_says_what_was_waited_for() -> None:
    with pytest.raises(ReplyTimeout, match="no answer within 100 ms: a line that ends with"):
        talker().ask(b"?\r")


def test_a_character_of_8_bits_is_named_with_its_cause() -> None:
    with pytest.raises(FrameCorrupt, match="byte B1 is not ASCII; data bits, parity or baud rate"):
        talker(b"\xb1\xb8.7\r\n").ask(b"?\r")


@pytest.mark.parametrize("noise", ["00", "01", "1B", "7F"])
def test_a_character_that_no_instrument_sends_is_named(noise: str) -> None:
    with pytest.raises(FrameCorrupt, match=f"byte {noise} is not text; look for noise"):
        talker(bytes.fromhex(noise) + b"4.285 N\r\n").ask(b"?\r")


def test_text_without_an_end_is_not_waited_for_for_ever() -> None:
    with pytest.raises(FrameCorrupt, match="no end of an answer in 257 bytes"):
        talker(b"1" * 257).ask(b"?\r")
    with pytest.raises(FrameCorrupt, match=r"256 bytes b'1+' came within"):
        talker(b"1" * 256).ask(b"?\r")


@pytest.mark.parametrize("request_text", [b"", b"\xff\r"])
def test_what_is_no_text_is_never_sent(request_text: bytes) -> None:
    asker = talker(b"1 N\r\n")
    with pytest.raises(RequestRefused, match="is not ASCII text; nothing was sent"):
        asker.ask(request_text)
    assert asker.line.counters.requests == 0


def test_an_adapter_that_returns_what_is_sent_is_named() -> None:
    for came in (b"?\r", b"?\r4.285 N\r\n"):
        with pytest.raises(FrameCorrupt, match="returns what we send; add echo=1 to the address"):
            talker(came).ask(b"?\r")


def test_with_echo_the_answer_behind_it_is_taken() -> None:
    assert talker(b"?\r4.285 N\r\n", echo=True).ask(b"?\r") == b"4.285 N\r\n"
    with pytest.raises(FrameCorrupt, match="the echo differs from the request"):
        talker(b"4.285 N\r\n", echo=True).ask(b"?\r")

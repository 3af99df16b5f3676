"""``traction replay``: shows what went over a line, from a capture; no unit is asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workstation.commands.options import JsonOption
from workstation.output import say, say_json

if TYPE_CHECKING:
    from firmware_bridge.line.capture import Lump


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("replay")(replay)


def replay(
    file: Annotated[Path, typer.Argument(help="Capture that `traction run --capture` wrote.")],
    as_json: JsonOption = False,
) -> None:
    """Show a capture line by line in words; what cannot be read is shown as hex."""
    from firmware_bridge.line.capture import read_capture

    head, lumps = read_capture(file)
    if as_json:
        reader = _Reader(head.address)
        said = [
            {"at_s": one.at_s, "direction": one.direction.value, "words": reader.in_words(one)}
            for one in lumps
        ]
        about = {"address": head.address, "begun": head.start_utc}
        say_json("replay", {**about, "profile_sha256": head.profile_digest, "lumps": said})
        return
    say(f"capture of {head.address}, begun {head.start_utc}")
    say(f"profile SHA-256 {head.profile_digest}")
    reader = _Reader(head.address)
    count_n = 0
    for lump in lumps:
        count_n += 1
        say(f"{lump.at_s:13.6f} {lump.direction.value} {reader.in_words(lump)}")
    say(f"end of the capture: {count_n} chunks")


class _Reader:
    """Decodes chunks. An answer that came in pieces is shown with its last one."""

    def __init__(self, address: str) -> None:
        from firmware_bridge.line.uri import AsciiAddress, TcpAddress, parse_uri

        parsed = parse_uri(address)
        self._is_text = isinstance(parsed, AsciiAddress)
        self._is_tcp = isinstance(parsed, TcpAddress)
        self._echoes = not isinstance(parsed, TcpAddress) and parsed.echo
        self._sent = self._came = b""

    def in_words(self, lump: Lump) -> str:
        """Returns the text of one chunk, else its bytes."""
        from firmware_bridge.line.line import Direction

        if self._is_text:
            return f"text {repr(lump.data)[1:]}"
        if lump.direction is Direction.SENT:
            self._sent, self._came = lump.data, b""
            return self._frame(lump.data, is_request=True) or _bytes(lump.data)
        return self._answer(lump.data)

    def _answer(self, data: bytes) -> str:
        self._came += data
        came = self._came
        if self._echoes and came == self._sent:
            self._came, self._sent = b"", b""
            return "echo of the request"
        is_behind_echo = self._echoes and bool(self._sent) and came.startswith(self._sent)
        frame = came[len(self._sent) :] if is_behind_echo else came
        words = self._frame(frame, is_request=False)
        if not words:
            return _bytes(data)
        self._came = self._sent = b""
        return f"echo of the request, {words}" if is_behind_echo else words

    def _frame(self, frame: bytes, *, is_request: bool) -> str:
        from firmware_bridge.modbus.in_words import rtu_in_words, tcp_in_words

        return (tcp_in_words if self._is_tcp else rtu_in_words)(frame, is_request=is_request)


def _bytes(data: bytes) -> str:
    return f"{len(data)} byte{'' if len(data) == 1 else 's'}, hex {data.hex()}"

"""Force gauges and indicators polled by lines of text, written after the makers' pages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import reduce

from simulator.instruments.hanging_cell import HangingCell

POUND_N = 4.4482216152605


class SimulatedGauge(ABC):
    """Answers complete requests; an incomplete one is kept until it is complete."""

    ends_with = b"\r"
    answer_s = 0.005
    """Time from the last byte of a request to the first byte of its answer."""

    def __init__(self, cell: HangingCell) -> None:
        self.cell = cell
        self.powered = True
        self.heard: list[bytes] = []
        self._kept = b""

    def hear(self, data: bytes, now_s: float) -> list[bytes]:
        """Returns the answers to the requests that ``data`` completes."""
        *requests, self._kept = self._split(self._kept + data)
        self.heard += requests
        if not self.powered:
            return []
        return [self.answer(request, now_s) for request in requests]

    def _split(self, data: bytes) -> list[bytes]:
        return data.split(self.ends_with)

    @abstractmethod
    def answer(self, request: bytes, now_s: float) -> bytes:
        """Returns the answer to one request without its terminator."""


class SimulatedMark10(SimulatedGauge):
    """Mark-10: tension is negative; the menu can invert or omit the sign."""

    def __init__(self, cell: HangingCell, request: bytes) -> None:
        super().__init__(cell)
        self._request = request
        self.unit = "N"
        self.decimals = 1
        self.omits_sign = False

    def answer(self, request: bytes, now_s: float) -> bytes:
        if request != self._request:
            return b"*10\r\n"
        shown = -self.cell.force_n(now_s) / (POUND_N if self.unit == "lbF" else 1.0)
        digits = f"{abs(shown) if self.omits_sign else shown:.{self.decimals}f}"
        if not digits.strip("-0."):
            digits = digits.lstrip("-")
        return f"{digits} {self.unit}\r\n".encode()


class SimulatedImadaDst(SimulatedGauge):
    """Imada DST: sign, digits, unit letter, mode, judgement; E is overload."""

    def __init__(self, cell: HangingCell) -> None:
        super().__init__(cell)
        self.unit, self.mode = "N", "T"

    def answer(self, request: bytes, now_s: float) -> bytes:
        if request != b"D":
            return b"E\r"
        judgement = "E" if self.cell.overloaded else "O"
        return f"{self.cell.force_n(now_s):+06.1f}{self.unit}{self.mode}{judgement}\r".encode()


class SimulatedSauterFh(SimulatedGauge):
    """Sauter FH: ``9`` polls; seven characters, the first one is the direction; no terminator."""

    def _split(self, data: bytes) -> list[bytes]:
        return [bytes([character]) for character in data] + [b""]

    def answer(self, request: bytes, now_s: float) -> bytes:
        if request != b"9":
            return b""
        force_n = self.cell.force_n(now_s)
        return f"{int(force_n >= 0)}{abs(force_n):06.2f}".encode()


class SimulatedDiniArgeoText(SimulatedGauge):
    """Dini Argeo DGT, standard string; out of range the digits are dashes."""

    ends_with = b"\r\n"

    def __init__(self, cell: HangingCell) -> None:
        super().__init__(cell)
        self.unit = "kg"

    def answer(self, request: bytes, now_s: float) -> bytes:
        if request != b"READ":
            return b"ERR04\r\n"
        if self.cell.overloaded or self.cell.underloaded:
            status = "OL" if self.cell.overloaded else "UL"
            return f"{status},GS,--------,{self.unit}\r\n".encode()
        return f"ST,NT,{self.cell.kilograms(now_s):8.2f},{self.unit}\r\n".encode()


class SimulatedFlintecDad(SimulatedGauge):
    """Flintec DAD 141.1: ``GN`` polls the net value."""

    def answer(self, request: bytes, now_s: float) -> bytes:
        if request != b"GN":
            return b"ERR\r"
        return f"N{self.cell.kilograms(now_s):+08.3f}\r".encode()


class SimulatedLaumasText(SimulatedGauge):
    """Laumas, ASCII bidirectional: ``$01t75`` polls the gross weight, ``$01D45`` the decimals.

    Without a point: 2 decimals of a kilogram. On an alarm its text replaces the digits.
    """

    def __init__(self, cell: HangingCell) -> None:
        super().__init__(cell)
        self.decimals = 2

    def answer(self, request: bytes, now_s: float) -> bytes:
        if request == b"$01t75":
            return self._signed(f"01{self._weight(now_s)}t")
        if request == b"$01D45":
            return self._signed(f"01{self.decimals}3")
        return b"&&01?\\3E\r"

    def _weight(self, now_s: float) -> str:
        if self.cell.overloaded or self.cell.opened:
            return "  O-L " if self.cell.overloaded else "  O-F "
        return f"{round(self.cell.kilograms(now_s) * 10**self.decimals):06d}"

    @staticmethod
    def _signed(text: str) -> bytes:
        checksum = reduce(lambda left, right: left ^ right, text.encode(), 0)
        return f"&{text}\\{checksum:02X}\r".encode()


class SimulatedRinstrum(SimulatedGauge):
    """Rinstrum: reads register 0026 as it is displayed; says nothing about overload."""

    ends_with = b"\r\n"

    def __init__(self, cell: HangingCell) -> None:
        super().__init__(cell)
        self.unit, self.decimals = "kg", 2

    def answer(self, request: bytes, now_s: float) -> bytes:
        if request != b"20050026:":
            return b"C1050026:0601\r\n"
        shown = round(self.cell.kilograms(now_s), self.decimals)
        sign = "-" if shown < 0 else " "
        return f"81050026:{sign}{abs(shown):7.{self.decimals}f} {self.unit} G\r\n".encode()

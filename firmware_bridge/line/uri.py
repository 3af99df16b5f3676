"""A unit's address: ``modbus-tcp://host:port?unit=1`` and its serial relatives.

modbus-tcp://192.168.7.10:502?unit=1
modbus-rtu:///dev/ttyUSB0?baudrate=38400&parity=E&stopbits=1&unit=1
modbus-rtu+socket://192.168.7.11:4001?unit=1      (serial over TCP, pyserial's URL handler)
ascii:///dev/ttyACM0?baudrate=9600&bytesize=7     (an instrument that sends text; it has no unit)
modbus-rtu:usb:0403:6001:A10KZP45?unit=1          (the USB adapter with these numbers; ascii too)

pyserial's ``rfc2217`` handler is not supported: it reads in a thread of its own and has no file
descriptor to wait on with a deadline.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from controller.errors import AddressInvalid

EXAMPLE = "modbus-tcp://127.0.0.1:5020?unit=1 or modbus-rtu:///dev/ttyUSB0?baudrate=38400&parity=E"
SERIAL_SCHEMES = {
    "modbus-rtu": "",
    "modbus-rtu+socket": "socket",
    "ascii": "",
    "ascii+socket": "socket",
}
BAUDRATES: Final = (
    *(1200, 2400, 4800, 9600, 14400, 19200, 28800, 38400, 57600),
    *(115200, 128000, 230400, 256000),
)
RTU_UNITS: Final = (1, 247)
"""0 is a broadcast on a serial line; 248 to 255 are reserved (Modbus serial line guide, 2.2)."""
TCP_UNITS: Final = (0, 255)
"""On TCP the connection is the address: some instruments answer only to 255, others to 0."""
SLOWEST_ARMABLE_BAUDRATE: Final = 19200
"""Below it a unit may be observed but not armed (times.md)."""
SLOWEST_UNIT_BAUDRATE: Final = 9600
"""Below it one reading of a unit takes longer than the observing tick (times.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpAddress:
    """Modbus TCP."""

    host: str
    port: int
    unit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbAdapter:
    """A USB serial adapter by its numbers, independent of the port's present name."""

    vid: str
    """Vendor: four hexadecimal digits in lower case; ``pid`` (product) likewise."""
    pid: str
    serial_number: str

    def __str__(self) -> str:
        """Returns it as in an address; special characters are percent-encoded (``%20``)."""
        return f"usb:{self.vid}:{self.pid}:{quote(self.serial_number, safe='')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortAddress:
    """A serial port. ``port`` is what pyserial opens, or the adapter that has the port.

    None means "as the profile says".
    """

    port: str | UsbAdapter
    baudrate: int | None = None
    parity: str | None = None
    stopbits: int | None = None
    bytesize: int | None = None
    echo: bool = False
    """The adapter returns what is sent, as some two-wire adapters do."""

    @property
    def is_gateway(self) -> bool:
        """True for a serial server on the network, which may alter bytes."""
        return isinstance(self.port, str) and "://" in self.port


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialAddress(PortAddress):
    """A unit that speaks Modbus RTU on a serial port."""

    unit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AsciiAddress(PortAddress):
    """An instrument that sends text; it is alone on the line."""


def parse_uri(uri: str) -> TcpAddress | SerialAddress | AsciiAddress:
    """Parse a unit's URI; raises AddressInvalid naming the problem and the expected form."""
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise _invalid(uri, str(error)) from error
    if "#" in uri:
        raise _invalid(uri, "the text after # is not part of an address; write %23 for #")
    if parts.scheme == "modbus-tcp":
        query = _query(uri, parts.query, {"unit"})
        _no_path(uri, parts.path)
        return TcpAddress(
            host=_host(uri, parts.hostname),
            port=_tcp_port(uri),
            unit=_number(uri, query, "unit", TCP_UNITS, 1),
        )
    if parts.scheme in SERIAL_SCHEMES:
        return _serial(uri)
    if parts.scheme == "usb":
        raise _invalid(uri, "name the protocol: modbus-rtu:usb:... or ascii:usb:...")
    raise _invalid(uri, f"scheme {parts.scheme or 'missing'!r} is not known")


def _serial(uri: str) -> SerialAddress | AsciiAddress:
    parts = urlsplit(uri)
    is_rtu = parts.scheme.startswith("modbus")
    keys = {"baudrate", "parity", "stopbits", "echo", "unit" if is_rtu else "bytesize"}
    query = _query(uri, parts.query, keys)
    port, baudrate, parity = _serial_port(uri), _baudrate(uri, query), query.get("parity")
    if parity not in (None, "E", "N", "O"):
        raise _invalid(uri, f"parity={parity} is not E, N or O")
    stopbits = _number(uri, query, "stopbits", (1, 2), 0) or None
    echo = bool(_number(uri, query, "echo", (0, 1), 0))
    if not is_rtu:
        bytesize = _number(uri, query, "bytesize", (7, 8), 0) or None
        return AsciiAddress(
            port=port,
            baudrate=baudrate,
            parity=parity,
            stopbits=stopbits,
            bytesize=bytesize,
            echo=echo,
        )
    unit = _number(uri, query, "unit", RTU_UNITS, 1)
    return SerialAddress(
        port=port, baudrate=baudrate, parity=parity, stopbits=stopbits, unit=unit, echo=echo
    )


def _baudrate(uri: str, query: dict[str, str]) -> int | None:
    baudrate = _number(uri, query, "baudrate", (BAUDRATES[0], BAUDRATES[-1]), 0) or None
    if baudrate is not None and baudrate not in BAUDRATES:
        raise _invalid(uri, f"baudrate={baudrate} is not one of {', '.join(map(str, BAUDRATES))}")
    return baudrate


def _serial_port(uri: str) -> str | UsbAdapter:
    parts = urlsplit(uri)
    handler = SERIAL_SCHEMES[parts.scheme]
    if handler:
        _no_path(uri, parts.path)
        return f"{handler}://{_host(uri, parts.hostname)}:{_tcp_port(uri)}"
    if (parts.netloc + parts.path).lstrip("/").lower().startswith("usb:"):
        return _usb_adapter(uri)
    path = parts.path.removeprefix("/") if _is_windows_port(parts.path) else parts.path
    if parts.netloc or not path:
        raise _invalid(uri, "the port's path is missing (three slashes before it)")
    return path


def _usb_adapter(uri: str) -> UsbAdapter:
    parts = urlsplit(uri)
    name = re.fullmatch(r"usb:([0-9a-f]{4}):([0-9a-f]{4}):(.*)", parts.path, re.IGNORECASE)
    if name is None:
        raise _invalid(
            uri,
            f"an adapter is {parts.scheme}:usb:VID:PID:SERIAL without slashes, VID and PID four "
            "hexadecimal digits each (`traction ports` prints it)",
        )
    serial_number = unquote(name[3])
    if not serial_number:
        raise _invalid(
            uri,
            "the adapter's serial number is missing; for an adapter that has none give the stable "
            "path that `traction ports` prints",
        )
    return UsbAdapter(vid=name[1].lower(), pid=name[2].lower(), serial_number=serial_number)


def _is_windows_port(path: str) -> bool:
    return path.upper().startswith("/COM")


def _query(uri: str, query: str, known: set[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in known:
            raise _invalid(uri, f"key {key!r} is not one of {', '.join(sorted(known))}")
        if key in values:
            raise _invalid(uri, f"key {key!r} is given twice")
        values[key] = value
    return values


def _no_path(uri: str, path: str) -> None:
    if path not in ("", "/"):
        raise _invalid(uri, f"path {path!r} is not expected after the port number")


def _host(uri: str, host: str | None) -> str:
    if not host:
        raise _invalid(uri, "the host is missing")
    return host


def _tcp_port(uri: str) -> int:
    try:
        port = urlsplit(uri).port
    except ValueError as error:
        raise _invalid(uri, f"the port is not a number from 1 to 65535 ({error})") from error
    if not port:
        raise _invalid(uri, "the port number is missing")
    return port


def _number(
    uri: str, query: dict[str, str], key: str, limits: tuple[int, int], default: int
) -> int:
    if key not in query:
        return default
    text, (low, high) = query[key], limits
    if not text.isdecimal() or not low <= int(text) <= high:
        raise _invalid(uri, f"{key}={text} is not a number from {low} to {high}")
    return int(text)


def _invalid(uri: str, reason: str) -> AddressInvalid:
    return AddressInvalid(f"unit address {uri!r}: {reason}; expected for instance {EXAMPLE}")

"""A unit's address: ``modbus-tcp://host:port?unit=1`` and its two serial relatives.

modbus-tcp://192.168.7.10:502?unit=1
modbus-rtu:///dev/ttyUSB0?baudrate=38400&parity=E&stopbits=1&unit=1
modbus-rtu+socket://192.168.7.11:4001?unit=1      (serial over TCP, pyserial's URL handler)

pyserial's ``rfc2217`` handler is not offered: it reads in a thread of its own and has nothing that
a deadline could be waited on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from controller.errors import AddressInvalid

EXAMPLE = "modbus-tcp://127.0.0.1:5020?unit=1 or modbus-rtu:///dev/ttyUSB0?baudrate=38400&parity=E"
SERIAL_SCHEMES = {
    "modbus-rtu": "",
    "modbus-rtu+socket": "socket",
}
BAUDRATES = (9600, 19200, 38400, 57600, 115200)
SLOWEST_ARMABLE_BAUDRATE: Final = 19200
"""At 9600 Bd a unit may be observed, never armed (times.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpAddress:
    """Modbus TCP."""

    host: str
    port: int
    unit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialAddress:
    """Modbus RTU. ``port`` is what pyserial opens; settings None mean "as the profile says"."""

    port: str
    unit: int
    baudrate: int | None = None
    parity: str | None = None
    stopbits: int | None = None


def parse_uri(uri: str) -> TcpAddress | SerialAddress:
    """Parse a unit's URI; raises AddressInvalid naming what is wrong and what is expected."""
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise _invalid(uri, str(error)) from error
    if parts.scheme == "modbus-tcp":
        query = _query(uri, parts.query, {"unit"})
        _no_path(uri, parts.path)
        return TcpAddress(
            host=_host(uri, parts.hostname),
            port=_tcp_port(uri),
            unit=_number(uri, query, "unit", 1, 247, 1),
        )
    if parts.scheme in SERIAL_SCHEMES:
        return _serial(uri)
    raise _invalid(uri, f"scheme {parts.scheme or 'missing'!r} is not known")


def _serial(uri: str) -> SerialAddress:
    parts = urlsplit(uri)
    query = _query(uri, parts.query, {"unit", "baudrate", "parity", "stopbits"})
    baudrate = _number(uri, query, "baudrate", 1200, 1_000_000, 0) or None
    if baudrate is not None and baudrate not in BAUDRATES:
        raise _invalid(uri, f"baudrate={baudrate} is not one of {', '.join(map(str, BAUDRATES))}")
    parity = query.get("parity")
    if parity not in (None, "E", "N", "O"):
        raise _invalid(uri, f"parity={parity} is not E, N or O")
    return SerialAddress(
        port=_serial_port(uri),
        unit=_number(uri, query, "unit", 1, 247, 1),
        baudrate=baudrate,
        parity=parity,
        stopbits=_number(uri, query, "stopbits", 1, 2, 0) or None,
    )


def _serial_port(uri: str) -> str:
    parts = urlsplit(uri)
    handler = SERIAL_SCHEMES[parts.scheme]
    if handler:
        _no_path(uri, parts.path)
        return f"{handler}://{_host(uri, parts.hostname)}:{_tcp_port(uri)}"
    path = parts.path.removeprefix("/") if _is_windows_port(parts.path) else parts.path
    if parts.netloc or not path:
        raise _invalid(uri, "the port's path is missing (three slashes before it)")
    return path


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
        raise _invalid(uri, f"path {path!r} is not expected behind the port number")


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


def _number(uri: str, query: dict[str, str], key: str, low: int, high: int, default: int) -> int:
    if key not in query:
        return default
    text = query[key]
    if not text.isdecimal() or not low <= int(text) <= high:
        raise _invalid(uri, f"{key}={text} is not a number from {low} to {high}")
    return int(text)


def _invalid(uri: str, reason: str) -> AddressInvalid:
    return AddressInvalid(f"unit address {uri!r}: {reason}; expected for instance {EXAMPLE}")

"""Describes the frames of a capture for people. Nothing here decides whether an answer is accepted.

A frame is described only if all of it follows the protocol (Modbus application protocol, 6.3, 6.4,
6.6, 6.12, 6.17 and 7); otherwise the caller shows the bytes.
"""

from __future__ import annotations

import struct

from fastcrc import crc16

from firmware_bridge.modbus.frames import READ_WRITE, READS, WRITE, WRITE_ONE


def rtu_in_words(frame: bytes, *, is_request: bool) -> str:
    """Describes a complete frame of a serial line; "" if it is not valid."""
    if len(frame) < 4 or crc16.modbus(frame):
        return ""
    return _body_in_words(frame[:-2], is_request=is_request)


def tcp_in_words(frame: bytes, *, is_request: bool) -> str:
    """Describes a complete frame of a TCP connection; "" if it is not valid."""
    if len(frame) < 8 or frame[2:4] != b"\0\0" or int.from_bytes(frame[4:6]) != len(frame) - 6:
        return ""
    words = _body_in_words(frame[6:], is_request=is_request)
    return f"transaction {int.from_bytes(frame[:2])}, {words}" if words else ""


def _body_in_words(body: bytes, *, is_request: bool) -> str:
    unit, function, pdu = body[0], body[1], body[2:]
    words = _request(function, pdu) if is_request else _answer(function, pdu)
    return f"unit {unit}, function {function & 0x7F}, {words}" if words else ""


def _request(function: int, pdu: bytes) -> str:
    if function in READS and len(pdu) == 4:
        return f"read {_registers(pdu)}"
    if function == WRITE_ONE and len(pdu) == 4:
        return f"write 0x{pdu[:2].hex().upper()}: {pdu[2:].hex()}"
    if function == WRITE and _carries(pdu[2:]):
        return f"write {_registers(pdu)}: {pdu[5:].hex()}"
    if function == READ_WRITE and _carries(pdu[6:]):
        return f"read {_registers(pdu)}, write {_registers(pdu[4:])}: {pdu[9:].hex()}"
    return ""


def _carries(pdu: bytes) -> bool:
    """True if ``pdu`` consists of a register count, their byte count and those bytes."""
    if len(pdu) < 3:
        return False
    count_n, size_n = struct.unpack_from(">HB", pdu)
    return bool(size_n == 2 * count_n == len(pdu) - 3)


def _answer(function: int, pdu: bytes) -> str:
    if function & 0x80 and len(pdu) == 1:
        return f"exception {pdu[0]}"
    if function in (*READS, READ_WRITE) and pdu and pdu[0] == len(pdu) - 1:
        return f"{pdu[0]} bytes: {pdu[1:].hex()}"
    if function == WRITE_ONE and len(pdu) == 4:
        return f"written 0x{pdu[:2].hex().upper()}: {pdu[2:].hex()}"
    if function == WRITE and len(pdu) == 4:
        return f"written {_registers(pdu)}"
    return ""


def _registers(pdu: bytes) -> str:
    """Returns address and count at the start of ``pdu``."""
    address, count_n = struct.unpack_from(">HH", pdu)
    return f"0x{address:04X}, {count_n} register{'' if count_n == 1 else 's'}"

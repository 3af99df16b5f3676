"""What the frames of a capture say, for people. Nothing here decides whether an answer is believed.

A frame is shown in words only when all of it is as the protocol says (Modbus application protocol,
6.3, 6.4, 6.6, 6.12, 6.17 and 7); of everything else the caller shows the bytes.
"""

from __future__ import annotations

import struct

from fastcrc import crc16

from firmware_bridge.modbus.frames import READ_WRITE, READS, WRITE, WRITE_ONE


def rtu_in_words(frame: bytes, *, is_request: bool) -> str:
    """Returns a whole frame of a serial line; "" for what is none."""
    if len(frame) < 4 or crc16.modbus(frame):
        return ""
    return _body_in_words(frame[:-2], is_request=is_request)


def tcp_in_words(frame: bytes, *, is_request: bool) -> str:
    """Returns a whole frame of a connection; "" for what is none."""
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
    """Returns a count of registers, the count of their bytes, and those bytes."""
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
    """Address and count at the beginning of ``pdu``."""
    address, count_n = struct.unpack_from(">HH", pdu)
    return f"0x{address:04X}, {count_n} register{'' if count_n == 1 else 's'}"

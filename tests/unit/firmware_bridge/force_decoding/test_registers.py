"""Registers as forces: bytes written out by hand after the manuals' tables."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import InstrumentFaulted
from controller.telemetry import InstrumentFault
from firmware_bridge.force_decoding.decoded import FAULT_TEXTS
from firmware_bridge.force_decoding.registers import RegisterImage, decode_registers, words_of
from firmware_bridge.profile_kinds.quantity import QuantitySpec, SignData
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile
from firmware_bridge.profiles import shipped_profile

LAUMAS, _ = shipped_profile("laumas_tlb", TransmitterProfile)
DIN_RAIL, _ = shipped_profile("din_rail_scale", TransmitterProfile)
DINI, _ = shipped_profile("dini_argeo_dgt", TransmitterProfile)


def laumas(
    data: str = "00 00  00 00 00 00  00 00 00 00  00 00 00 00  00 0C  00 00",
) -> RegisterImage:
    """Registers 6 to 14: status, gross, net, peak, units and divisions, not used."""
    words = list(words_of(bytes.fromhex(data)))
    assert len(words) == 9
    return RegisterImage({(3, 6 + n): word for n, word in enumerate(words)})


def din_rail(status: str, weights: str, settings: str = "00" * 16 + "00 01") -> RegisterImage:
    """Registers 8; 80 to 83; 96 to 104; and a converter count at 44."""
    words = {(3, 8): int(status, 16), (3, 44): 0x0019, (3, 45): 0x3B67}
    words |= {(3, 80 + n): word for n, word in enumerate(words_of(bytes.fromhex(weights)))}
    words |= {(3, 96 + n): word for n, word in enumerate(words_of(bytes.fromhex(settings)))}
    return RegisterImage(words)


def fault_of(profile: TransmitterProfile, image: RegisterImage) -> InstrumentFaulted:
    with pytest.raises(InstrumentFaulted) as raised:
        decode_registers(profile, image, b"\x01\x02")
    assert raised.value.raw == b"\x01\x02"
    assert profile.name in raised.value.message
    assert "no reading was taken" in raised.value.message
    assert FAULT_TEXTS[InstrumentFault(raised.value.fault)] in raised.value.message
    return raised.value


# --- Laumas: LCB manual p. 3 and 12; gross 12.34 kg, net 5.00 kg at division 0.01 ---


@pytest.mark.parametrize(
    ("status", "gross_n", "net_n", "stable"),
    [
        ("00 00", 121.014061, 49.03325, False),
        ("08 00", 121.014061, 49.03325, True),
        ("09 00", 121.014061, -49.03325, True),
        ("08 80", -121.014061, 49.03325, True),
        ("01 80", -121.014061, -49.03325, False),
        ("F6 40", 121.014061, 49.03325, False),  # bits 6, 9, 10, 12 to 15 say nothing
    ],
)
def test_laumas_signs_stand_in_the_status(
    status: str, gross_n: float, net_n: float, stable: bool
) -> None:
    data = f"{status}  00 00 04 D2  00 00 01 F4  00 00 00 00  00 0C  00 00"
    decoded = decode_registers(LAUMAS, laumas(data))
    assert decoded.net_n == pytest.approx(net_n)
    assert decoded.gross_n == pytest.approx(gross_n)
    assert (decoded.decimals, decoded.stable, decoded.faults) == (2, stable, frozenset())


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        ("00 01", InstrumentFault.OPEN_CELL),
        ("00 02", InstrumentFault.CONVERTER),
        ("00 04", InstrumentFault.OVERLOAD),
        ("00 08", InstrumentFault.OVERLOAD),
        ("00 10", InstrumentFault.OUT_OF_RANGE),
        ("00 20", InstrumentFault.OUT_OF_RANGE),
        ("FF FF", InstrumentFault.OPEN_CELL),
    ],
)
@pytest.mark.parametrize("digits", ["00 00 00 00", "00 00 01 F4", "00 0F 42 3F"])
def test_laumas_faults_are_no_reading_whatever_the_digits_are(
    status: str, fault: InstrumentFault, digits: str
) -> None:
    data = f"{status}  {digits}  {digits}  00 00 00 00  00 0C  00 00"
    assert fault_of(LAUMAS, laumas(data)).fault == fault.value


def test_laumas_both_ends_of_the_range_and_beyond() -> None:
    highest = "08 00  00 0F 42 3F  00 0F 42 3F  00 00 00 00  00 06  00 00"
    assert decode_registers(LAUMAS, laumas(highest)).net_n == pytest.approx(999999 * 9.80665)
    lowest = "09 80" + highest[5:]
    assert decode_registers(LAUMAS, laumas(lowest)).net_n == pytest.approx(-999999 * 9.80665)
    beyond = "08 00  00 0F 42 3F  00 0F 42 40  00 00 00 00  00 06  00 00"
    assert fault_of(LAUMAS, laumas(beyond)).fault == "out_of_range"


def test_zero_has_no_sign_of_its_own() -> None:
    for status in ("00 00", "01 80"):
        data = f"{status}" + "  00 00 00 00" * 3 + "  00 0C  00 00"
        assert math.copysign(1.0, decode_registers(LAUMAS, laumas(data)).net_n) == 1.0


@pytest.mark.parametrize(
    ("code", "decimals"),
    [("00", 0), ("06", 0), ("07", 1), ("09", 1), ("0A", 2), ("0D", 3), ("10", 4), ("12", 4)],
)
def test_laumas_decimals_follow_the_table_of_divisions(code: str, decimals: int) -> None:
    data = f"00 00  00 00 03 E8  00 00 03 E8  00 00 00 00  00 {code}  00 00"
    decoded = decode_registers(LAUMAS, laumas(data))
    assert decoded.decimals == decimals
    assert decoded.net_n == pytest.approx(9806.65 / 10**decimals)


@pytest.mark.parametrize(
    ("word", "fault", "words"),
    [
        ("01 0C", "other_unit", "it shows gf, the profile wants kgf"),
        ("02 0C", "other_unit", "it shows tf"),
        ("03 0C", "unknown_code", "unit code 3 at register 13"),
        ("00 13", "unknown_code", "decimals code 19"),
        ("00 FF", "unknown_code", "decimals code 255"),
    ],
)
def test_laumas_units_and_codes_that_are_not_the_profile_s(
    word: str, fault: str, words: str
) -> None:
    data = f"00 00  00 00 03 E8  00 00 03 E8  00 00 00 00  {word}  00 00"
    raised = fault_of(LAUMAS, laumas(data))
    assert (raised.fault, words in raised.message) == (fault, True)


# --- DIN-rail type: two's complement, decimals in the status, bit 5 the other way round ---


def test_din_rail_bit_5_means_unstable() -> None:
    weights = "00 00 04 D2  00 00 01 F4"
    assert decode_registers(DIN_RAIL, din_rail("0802", weights)).stable is True
    assert decode_registers(DIN_RAIL, din_rail("0822", weights)).stable is False


def test_din_rail_a_negative_net_weight() -> None:
    decoded = decode_registers(DIN_RAIL, din_rail("0802", "00 00 00 84  FF FF C1 EF"))
    assert decoded.net_n == pytest.approx(-158.89 * 9.80665e-3)
    assert decoded.gross_n == pytest.approx(1.32 * 9.80665e-3)
    assert decoded.raw_count == 0x193B67


@pytest.mark.parametrize(
    ("status", "settings", "fault"),
    [
        ("0A02", "00" * 16 + "00 01", "overload"),
        ("0842", "00" * 16 + "00 01", "overload"),
        ("0802", "00 64" + "00" * 14 + "00 01", "zero_tracking"),
        ("0802", "00" * 12 + "00 64 00 00 00 01", "zero_tracking"),
        ("0802", "00" * 16 + "00 00", "unknown_code"),
        ("0807", "00" * 16 + "00 01", "unknown_code"),
    ],
)
def test_din_rail_faults_and_settings(status: str, settings: str, fault: str) -> None:
    image = din_rail(status, "00 00 00 00  00 00 00 00", settings)
    assert fault_of(DIN_RAIL, image).fault == fault


# --- Dini Argeo: DGT1SAN guide p. 10 ---


@pytest.mark.parametrize(
    ("status", "net_n", "faults"),
    [
        (0x0004, 98.0665, frozenset()),
        (0x0005, -98.0665, frozenset()),
        (0xC304, 98.0665, frozenset()),  # channel and inputs in the high byte
        (0x0024, 98.0665, frozenset({InstrumentFault.TARE_ACTIVE})),
    ],
)
def test_the_status_of_a_dini_argeo_tells_force_and_faults(
    status: int, net_n: float, faults: frozenset[InstrumentFault]
) -> None:
    words = [*words_of(bytes.fromhex("00 00 17 70  00 00 03 E8")), status]
    decoded = decode_registers(DINI, RegisterImage({(4, n): w for n, w in enumerate(words)}))
    assert decoded.net_n == pytest.approx(net_n)
    assert decoded.faults == faults


@pytest.mark.parametrize(("status", "fault"), [(0x0008, "underload"), (0x0010, "overload")])
def test_a_dini_argeo_out_of_range_is_a_fault(status: int, fault: str) -> None:
    words = [0, 0x1770, 0, 0x03E8, status]
    image = RegisterImage({(4, n): w for n, w in enumerate(words)})
    assert fault_of(DINI, image).fault == fault


# --- kinds of numbers that no shipped transmitter uses ---


def with_net(spec: dict[str, object]) -> TransmitterProfile:
    """A Laumas transmitter whose net weight is another kind of number at register 9."""
    net = {"function": 3, "address": 9, "source": "test", "grade": "ours", **spec}
    net["sign"] = SignData(where="value", tension="positive")
    return LAUMAS.model_copy(update={"net": QuantitySpec.model_validate(net)})


@pytest.mark.parametrize(
    ("spec", "data", "net_n"),
    [
        ({"type": "i16"}, "FF 38 00 00", -2.0 * 9.80665),
        ({"type": "i16", "byte_order": "low_first"}, "38 FF 00 00", -2.0 * 9.80665),
        ({"type": "i32", "word_order": "low_first"}, "FF 38 FF FF", -2.0 * 9.80665),
        ({"type": "f32", "word_order": "high_first"}, "43 48 00 00", 2.0 * 9.80665),
        ({"type": "f32", "word_order": "low_first"}, "00 00 43 48", 2.0 * 9.80665),
        ({"type": "chars", "words": 2}, "2D 32 30 30", -2.0 * 9.80665),
        ({"type": "i16", "scale": 10.0}, "00 14 00 00", 2.0 * 9.80665),
    ],
)
def test_every_kind_of_number_and_order(spec: dict[str, object], data: str, net_n: float) -> None:
    image = laumas(f"00 00  00 00 00 00  {data}  00 00 00 00  00 0C  00 00")
    assert decode_registers(with_net(spec), image).net_n == pytest.approx(net_n)


@pytest.mark.parametrize(
    ("spec", "data", "fault"),
    [
        ({"type": "f32", "word_order": "high_first"}, "7F C0 00 00", "no_number"),
        ({"type": "f32", "word_order": "high_first"}, "7F 80 00 00", "no_number"),
        ({"type": "chars", "words": 2}, "20 20 20 20", "no_number"),
        ({"type": "chars", "words": 2}, "4F 4C 20 20", "no_number"),
        ({"type": "chars", "words": 2}, "6E 61 6E 20", "no_number"),
        ({"type": "chars", "words": 2}, "FF FF FF FF", "no_number"),
        ({"type": "i16", "sent_on_overload": (32767.0,)}, "7F FF 00 00", "overload"),
    ],
)
def test_what_is_no_number_is_no_reading(spec: dict[str, object], data: str, fault: str) -> None:
    image = laumas(f"00 00  00 00 00 00  {data}  00 00 00 00  00 0C  00 00")
    assert fault_of(with_net(spec), image).fault == fault


@given(st.binary(min_size=18, max_size=18))
def test_whatever_nine_registers_hold_they_are_a_force_in_range_or_a_fault(data: bytes) -> None:
    image = RegisterImage({(3, 6 + n): word for n, word in enumerate(words_of(data))})
    fault: InstrumentFaulted | None = None
    try:
        decoded = decode_registers(LAUMAS, image, data)
    except InstrumentFaulted as error:
        fault = error
    if fault is not None:
        assert FAULT_TEXTS[InstrumentFault(fault.fault)] in fault.message
        return
    status, _, net = struct.unpack(">HII", data[:10])
    assert status & 0x003F == 0
    assert net <= 999999
    assert abs(decoded.net_n) <= 999999 * 9.80665
    assert (decoded.net_n < 0) == (net > 0 and bool(status & 0x0100))


def test_every_fault_has_words_and_a_next_step() -> None:
    assert FAULT_TEXTS.keys() == set(InstrumentFault)

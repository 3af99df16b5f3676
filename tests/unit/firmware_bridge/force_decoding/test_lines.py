"""Lines of text as forces: the manuals' lines, and what is sent instead of a value."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import InstrumentFaulted
from controller.telemetry import InstrumentFault
from firmware_bridge.force_decoding.decoded import FAULT_TEXTS
from firmware_bridge.force_decoding.lines import decode_line
from firmware_bridge.profile_kinds.checksums import checksum_of
from firmware_bridge.profile_kinds.gauge import (
    AnswerGrammar,
    ChecksumData,
    GaugeProfile,
    TextDecimals,
)
from firmware_bridge.profiles import load_profile, shipped_names, shipped_profile

MARK_10, _ = shipped_profile("mark10_series4", GaugeProfile)
MARK_10_NEWER, _ = shipped_profile("mark10_series5", GaugeProfile)
IMADA, _ = shipped_profile("imada_dst", GaugeProfile)
SAUTER, _ = shipped_profile("sauter_fh", GaugeProfile)
DINI, _ = shipped_profile("dini_argeo_text", GaugeProfile)
FLINTEC, _ = shipped_profile("flintec_dad141", GaugeProfile)
LAUMAS, _ = shipped_profile("laumas_text", GaugeProfile)
RINSTRUM, _ = shipped_profile("rinstrum_text", GaugeProfile)
GAUGES = [MARK_10, MARK_10_NEWER, IMADA, SAUTER, DINI, FLINTEC, LAUMAS, RINSTRUM]


@pytest.mark.parametrize(
    ("profile", "line", "net_n"),
    [
        (MARK_10, b"4.285 N\r\n", -4.285),
        (MARK_10, b"-102.3 N\r\n", 102.3),
        (MARK_10, b"0.0 N\r\n", 0.0),
        (MARK_10_NEWER, b"-0.05 N\r\n", 0.05),
        (IMADA, b"+123.4NTO\r", 123.4),
        (IMADA, b"-003.2NTL\r", -3.2),
        (IMADA, b"+000.0NTH\r", 0.0),
        (IMADA, b"-0.001NTO\r", -0.001),
        (SAUTER, b"0011.70", -11.7),
        (SAUTER, b"1021.15", 21.15),
        (SAUTER, b"1000.00", 0.0),
        (DINI, b"01ST,GS,     0.0,kg\r\n", 0.0),
        (DINI, b"ST,NT,   12.34,kg\r\n", 121.014061),
        (DINI, b"US,NT,  -12.34,kg\r\n", -121.014061),
        (DINI, b"US,NT,-  12.34, g\r\n", None),
        (FLINTEC, b"N+001.000\r", 9.80665),
        (FLINTEC, b"N-012.340\r", -121.014061),
        (LAUMAS, b"&01020000t\\77\r", 1961.33),
        (LAUMAS, b"&01000000t\\75\r", 0.0),
        (LAUMAS, b"&01-01234t\\6C\r", -121.014061),
        (LAUMAS, b"&01099999t\\7C\r", 9806.551934),
        (LAUMAS, b"&01-99999t\\61\r", -9806.551934),
        (RINSTRUM, b"81050026:  100 kg G\r\n", 980.665),
        (RINSTRUM, b"81050026: 100 kg G\r\n", 980.665),
        (RINSTRUM, b"81050026:    426 kg G\r\n", 4177.6329),
        (RINSTRUM, b"81050026:-     23 kg G\r\n", -225.55295),
        (RINSTRUM, b"81050026:    0.00 kg G\r\n", 0.0),
        (RINSTRUM, b"81050026:- 99999 kg G\r\n", -980655.19335),
    ],
)
def test_each_line_is_read_as_its_force_or_refused(
    profile: GaugeProfile, line: bytes, net_n: float | None
) -> None:
    if net_n is None:
        assert fault_of(profile, line).fault == "other_unit"
    else:
        assert decode_line(profile, line).net_n == pytest.approx(net_n)


def test_zero_has_no_sign_of_its_own_where_a_pull_is_negative() -> None:
    for line in (b"0.0 N\r\n", b"-0.0 N\r\n"):
        assert math.copysign(1.0, decode_line(MARK_10, line).net_n) == 1.0


def test_only_dini_argeo_says_whether_a_value_is_stable() -> None:
    assert decode_line(DINI, b"ST,NT,   12.34,kg\r\n").stable is True
    assert decode_line(DINI, b"US,NT,   12.34,kg\r\n").stable is False
    assert decode_line(MARK_10, b"4.285 N\r\n").stable is None
    assert decode_line(IMADA, b"+123.4NTO\r").stable is None


def fault_of(profile: GaugeProfile, line: bytes) -> InstrumentFaulted:
    with pytest.raises(InstrumentFaulted) as raised:
        decode_line(profile, line)
    assert raised.value.raw == line
    assert "no reading was taken" in raised.value.message
    assert FAULT_TEXTS[InstrumentFault(raised.value.fault)] in raised.value.message
    return raised.value


@pytest.mark.parametrize(
    ("profile", "line", "fault"),
    [
        (MARK_10, b"*10\r\n", "refused_request"),
        (MARK_10, b"-18.78 lbF\r\n", "other_unit"),
        (MARK_10, b"4.285 kgF\r\n", "other_unit"),
        (MARK_10, b"4.285 Nm\r\n", "other_unit"),
        (MARK_10, b"4.285\r\n", "other_unit"),
        (MARK_10, b"-- N\r\n", "other_line"),
        (MARK_10, b"OVER\r\n", "other_line"),
        (MARK_10, b"\r\n", "other_line"),
        (MARK_10, b"4.285 N\r", "other_line"),
        (MARK_10, b"4.285 N", "other_line"),
        (MARK_10, b"\x004.285 N\r\n", "other_line"),
        (MARK_10, b"4.285 N\r\n4.285 N\r\n", "other_line"),
        (MARK_10, b"4.285 \xb5N\r\n", "other_line"),
        (MARK_10, b"+123.4NTO\r\n", "other_line"),
        (IMADA, b"+123.4NTE\r", "overload"),
        (IMADA, b"+123.4NPO\r", "peak_hold"),
        (IMADA, b"+123.4NPE\r", "overload"),
        (IMADA, b"+12.34KTO\r", "other_unit"),
        (IMADA, b"+12.34OTO\r", "other_unit"),
        (IMADA, b"E\r", "refused_request"),
        (IMADA, b"R\r", "other_line"),
        (IMADA, b"123.4NTO\r", "other_line"),
        (IMADA, b"+.....NTO\r", "no_number"),
        (IMADA, b"+12..4NTO\r", "no_number"),
        (SAUTER, b"2021.15", "other_line"),
        (SAUTER, b"102115.", "other_line"),
        (SAUTER, b"1021.1", "other_line"),
        (SAUTER, b"1021.155", "other_line"),
        (SAUTER, b"-------", "other_line"),
        (DINI, b"OL,GS,99999.99,kg\r\n", "overload"),
        (DINI, b"OL,GS,--------,kg\r\n", "overload"),
        (DINI, b"OL,GS,     0.0,kg\r\n", "overload"),
        (DINI, b"UL,NT,--------,kg\r\n", "underload"),
        (DINI, b"01UL,NT,     0.0,kg\r\n", "underload"),
        (DINI, b"ERR04\r\n", "refused_request"),
        (DINI, b"ST,VL,   5.001,mv\r\n", "other_line"),
        (DINI, b"ST,GS,     0.0,lb\r\n", "other_unit"),
        (DINI, b"ST,GS,        ,kg\r\n", "no_number"),
        (DINI, b"ST,GS,--------,kg\r\n", "no_number"),
        (DINI, b"ST,GS,  1 2.34,kg\r\n", "no_number"),
        (FLINTEC, b"ERR\r", "refused_request"),
        (FLINTEC, b"G+001.000\r", "other_line"),
        (FLINTEC, b"N+ooooooo\r", "other_line"),
        (FLINTEC, b"N+01.000\r", "other_line"),
        (IMADA, b"+12.4NTO\r", "other_line"),
        (DINI, b"ST,NT,  12.34,kg\r\n", "other_line"),
        (FLINTEC, b"N+0999999\r", "out_of_range"),
        (LAUMAS, b"&01  O-L t\\7B\r", "overload"),
        (LAUMAS, b"&01__O-L_t\\04\r", "overload"),
        (LAUMAS, b"&01  O-F t\\71\r", "open_cell"),
        (LAUMAS, b"&01#\r", "refused_request"),
        (LAUMAS, b"&&01?\\3E\r", "refused_request"),
        (LAUMAS, b"&01020000t\\76\r", "checksum"),
        (LAUMAS, b"&01021000t\\77\r", "checksum"),
        (LAUMAS, b"&01123456t\\72\r", "out_of_range"),
        (LAUMAS, b"&01020000n\\6D\r", "other_line"),
        (LAUMAS, b"&02020000t\\74\r", "other_line"),
        (LAUMAS, b"&0120000t\\47\r", "other_line"),
        (LAUMAS, b"&01200.00t\\69\r", "other_line"),
        (LAUMAS, b"&01 ^^^^^t\\0B\r", "other_line"),
        (RINSTRUM, b"C1050026:0601\r\n", "refused_request"),
        (RINSTRUM, b"81110026:00000064\r\n", "other_line"),
        (RINSTRUM, b"81050027:  100 kg N\r\n", "other_line"),
        (RINSTRUM, b"82050026:  100 kg G\r\n", "other_line"),
        (RINSTRUM, b"81050026:  100 kg N\r\n", "unknown_code"),
        (RINSTRUM, b"81050026:  100 kg O\r\n", "unknown_code"),
        (RINSTRUM, b"81050026:  100 lb G\r\n", "other_unit"),
        (RINSTRUM, b"81050026:  100  t G\r\n", "other_line"),
        (RINSTRUM, b"81050026: ------ kg G\r\n", "other_line"),
        (RINSTRUM, b"81050026:     kg G\r\n", "other_line"),
        (RINSTRUM, b"81050026:  10 0 kg G\r\n", "other_line"),
        (RINSTRUM, b"81050026:  100 kg G;", "other_line"),
        (RINSTRUM, b"81050026: 100000 kg G\r\n", "out_of_range"),
    ],
)
def test_lines_that_are_no_force(profile: GaugeProfile, line: bytes, fault: str) -> None:
    assert fault_of(profile, line).fault == fault


def test_no_line_of_one_gauge_passes_for_another_one_s() -> None:
    """Where it would, nothing in the line could tell; today no shipped pair is like that."""
    own = {
        "mark10_series4": b"4.285 N\r\n",
        "imada_dst": b"+123.4NTO\r",
        "sauter_fh": b"1021.15",
        "dini_argeo_text": b"ST,NT,   12.34,kg\r\n",
        "flintec_dad141": b"N+001.000\r",
        "laumas_text": b"&01020000t\\77\r",
        "rinstrum_text": b"81050026:  100 kg G\r\n",
    }
    for profile in GAUGES:
        for name, line in own.items():
            if name != profile.name and (name + profile.name).count("mark10") != 2:
                assert fault_of(profile, line).fault in ("other_line", "other_unit")


# --- kinds of lines that no shipped gauge sends ---


def changed(**update: object) -> GaugeProfile:
    return MARK_10.model_copy(update=update)


def grammar(text: str) -> AnswerGrammar:
    return AnswerGrammar(grammar=text, source="test", grade="ours")


CHECKED = changed(
    answer=grammar(r"(?P<checked>(?P<net>-?[0-9]{1,5}) (?P<unit>N))\*(?P<checksum>[0-9A-Fa-f]{2})"),
    checksum=ChecksumData(kind="xor", source="test", grade="ours"),
    decimals=TextDecimals(where="constant", value=1, source="test", grade="ours"),
)


def test_a_line_is_read_only_with_its_checksum() -> None:
    right = checksum_of("xor", "-123 N")
    assert decode_line(CHECKED, f"-123 N*{right}\r\n".encode()).net_n == pytest.approx(12.3)
    assert decode_line(CHECKED, f"-123 N*{right.lower()}\r\n".encode()).net_n == pytest.approx(12.3)
    for wrong in ("00", "FF"):
        assert fault_of(CHECKED, f"-123 N*{wrong}\r\n".encode()).fault == "checksum"
    assert fault_of(CHECKED, f"-124 N*{right}\r\n".encode()).fault == "checksum"


def test_decimals_in_a_character_and_a_sample_number() -> None:
    profile = changed(
        answer=grammar(
            "(?P<decimals>[0-9])(?P<net>-?[0-9]{1,5}) (?P<unit>N)"
            "(?: (?P<sample_number>[0-9A-Z]{4}))?"
        ),
        decimals=TextDecimals(where="group", table={"1": 1, "2": 2}, source="test", grade="ours"),
    )
    decoded = decode_line(profile, b"2-1234 N 00FF\r\n")
    assert decoded.net_n == pytest.approx(12.34)
    assert (decoded.decimals, decoded.sample_number) == (2, 255)
    assert decode_line(profile, b"1-1234 N\r\n").sample_number is None
    assert fault_of(profile, b"3-1234 N\r\n").fault == "unknown_code"
    assert fault_of(profile, b"1-1234 N 00ZZ\r\n").fault == "no_number"


def test_a_number_that_is_sent_on_overload_is_no_reading() -> None:
    profile = changed(sent_on_overload=(9999.9,), highest=None)
    assert fault_of(profile, b"9999.9 N\r\n").fault == "overload"
    assert decode_line(profile, b"9999.8 N\r\n").net_n == pytest.approx(-9999.8)


def test_a_second_value_is_the_gross_force() -> None:
    profile = changed(answer=grammar("(?P<net>-?[0-9]{1,5}),(?P<gross>-?[0-9]{1,5}) (?P<unit>N)"))
    decoded = decode_line(profile, b"-12,-34 N\r\n")
    assert (decoded.net_n, decoded.gross_n) == (12.0, 34.0)


def test_a_group_that_took_no_part_is_no_value() -> None:
    profile = changed(answer=grammar("(?P<net>[0-9]{1,5})?(?: (?P<unit>N))"))
    assert fault_of(profile, b" N\r\n").fault == "no_number"


@pytest.mark.parametrize("profile", GAUGES, ids=lambda profile: profile.name)
@given(
    line=st.binary(max_size=40)
    | st.text(alphabet="0123456789+-. NKkgTPOLE,STU\r\n*", max_size=24).map(str.encode)
)
def test_whatever_comes_is_a_force_or_a_fault(profile: GaugeProfile, line: bytes) -> None:
    fault: InstrumentFaulted | None = None
    try:
        decoded = decode_line(profile, line)
    except InstrumentFaulted as error:
        fault = error
    if fault is not None:
        assert FAULT_TEXTS[InstrumentFault(fault.fault)] in fault.message
        return
    digits = sum(character in b"0123456789" for character in line)
    assert digits > 0, "a force came from a line without digits"
    assert abs(decoded.net_n) < 1e8


def test_every_gauge_that_is_shipped_is_in_these_tests() -> None:
    folder = Path("firmware_bridge/device_profiles")
    shipped = {
        name for name in shipped_names() if load_profile(folder / f"{name}.toml")[0].kind == "gauge"
    }
    assert {profile.name for profile in GAUGES} == shipped

"""What is said of a broken profile of an instrument: file, key, value and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.errors import ProfileInvalid
from firmware_bridge.profile_kinds.gauge import GaugeProfile
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile
from firmware_bridge.profiles import (
    find_profile,
    load_profile,
    shipped_names,
    shipped_profile,
    user_files,
)

FOLDER = Path("firmware_bridge/device_profiles")
INSTRUMENTS = [name for name in shipped_names() if name != "reference_v1"]


def refused(tmp_path: Path, name: str, changes: list[tuple[str, str]]) -> str:
    """The message of a shipped file with these changes."""
    text = (FOLDER / f"{name}.toml").read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path = tmp_path / f"{name}.toml"
    path.write_text(text)
    with pytest.raises(ProfileInvalid) as error:
        load_profile(path)
    assert f"{name}.toml" in error.value.message
    return error.value.message


def test_every_shipped_instrument_has_a_frame_of_a_source_that_is_not_ours() -> None:
    for name in INSTRUMENTS:
        profile, digest = load_profile(FOLDER / f"{name}.toml")
        assert isinstance(profile, TransmitterProfile | GaugeProfile)
        grades = {example.grade for example in profile.examples if example.net_n is not None}
        assert grades & {"manual", "capture", "third_party"}, name
        assert "ours" not in {example.grade for example in profile.examples}
        assert profile.verified is None, f"{name} was not proved on an instrument"
        assert len(digest) == 64


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("baudrate = 9600", "baudrat = 9600", "unknown key serial.baudrat; allowed there are"),
        ("baudrate = 9600", "baudrate = 300", "key serial.baudrate=300"),
        ("baudrate = 9600", "baudrate = 9600\nbytesize = 7", "serial.bytesize=7"),
        (
            "poll_period_ms = 100",
            "poll_period_ms = 40",
            "poll_period_ms=40 is faster than the wire",
        ),
        ("stale_limit_ms = 250", "stale_limit_ms = 90", "stale_limit_ms=90 is shorter"),
        ('word_order = "high_first"\n', "", "type = 'u32' without word_order"),
        (
            'type = "u32"\nword_order = "high_first"\n',
            'type = "f32"\n',
            "key net: type = 'f32' without word_order; give 'high_first' or 'low_first'",
        ),
        (
            'type = "u32"',
            'type = "i32"',
            "toml: net: type = 'i32' has a sign of its own",
        ),
        ('where = "bit"\nword = 6', 'where = "value"\nword = 6', "two sign sources"),
        ('where = "bit"\nword = 6\nbit = 8\nnegative_when = 1', 'where = "value"', "has no sign"),
        ("negative_when = 1\n", "", "needs word, bit and negative_when"),
        ("{ bit = 0, when = 1,", "{ bit = 0,", "status.0.bits.0.when is missing: a bit needs"),
        ("{ bit = 0, when = 1,", "{ bit = 0, when = 2,", "key status.0.bits.0.when=2"),
        ('says = "open_cell"', 'says = "broken"', "says"),
        ("[decimals.table]\n0 = 0", "[decimals.other]\n0 = 0", "unknown key decimals.other"),
        ('table = { 0 = "kgf", 1 = "gf", 2 = "tf" }\n', "", "unit.where = 'register' needs at"),
        ('expected = "kgf"', 'expected = "kN"', "expected = 'kN' is not in unit.table"),
        ('expected = "kgf"', 'expected = "stone"', "key unit.expected='stone'"),
        ("count = 9", "count = 4", "net: registers 9 to 10 of function 3 are in no entry"),
        ("address = 14 }", "address = 15 }", "held.register_14: registers 15 to 15"),
        ("steady = true\n", "", "give equals"),
        ("lowest = -999999", "sent_on_overload = [0]", "sent_on_overload contains 0"),
        ("lowest = -999999", "lowest = nan", "key net.lowest=nan: Input should be a finite"),
        ("highest = 999999", "highest = inf", "key net.highest=inf: Input should be a finite"),
        ('method = "host"', 'method = "instrument"', "go together"),
        ("net_n = 29419.95", "net_n = 29419.0", "net_n=29419.0 is stated, but the result"),
        ("net_n = 29419.95\n", "", "needs either net_n or fault"),
        ("B8 12 73", "B8 12 74", "is not an answer of function 3"),
        ("B8 12 73", "B8 1", "examples.0"),
        ('"negative", "zero",', '"zero",', "no example shows 'negative'"),
        ('"negative", "zero",', '"positive", "negative", "zero",', "an example shows"),
        ("words = [0x0006]", "words = [0x0099]", "decimals code 153 at register 13"),
        ('grade = "manual"', 'grade = "sure"', "grade='sure'"),
        ('name = "laumas_tlb"', 'name = "laumas"', "differs from the file's name"),
        ('kind = "transmitter"', 'kind = "drive"', "profiles of this kind are not read yet"),
        ('kind = "transmitter"', 'kind = "interlock"', "allowed are gauge, traction_unit, tran"),
        ('kind = "transmitter"', 'kind = "oven"', "kind='oven' is not one of"),
        ('kind = "transmitter"\n', "", "kind=None is not one of"),
        ('kind = "transmitter"\n', "kind = [1]\n", "kind=[1] is not one of"),
        ('title = "Laumas', 'title = "\\u202ELaumas', "title has a mark that turns"),
    ],
)
def test_a_transmitter_that_is_not_sound_is_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert words in refused(tmp_path, "laumas_tlb", [(old, new)])


def test_what_is_read_rarely_counts_in_the_longest_poll(tmp_path: Path) -> None:
    message = refused(
        tmp_path, "din_rail_scale", [("poll_period_ms = 120", "poll_period_ms = 100")]
    )
    assert "one sample takes 103.7 ms at 9600 Bd; at least 104" in message


def test_two_ranges_of_equal_length_are_refused(tmp_path: Path) -> None:
    message = refused(
        tmp_path, "din_rail_scale", [("address = 44\ncount = 2", "address = 44\ncount = 1")]
    )
    assert "raw_count" in message
    message = refused(
        tmp_path, "din_rail_scale", [("address = 44\ncount = 2", "address = 44\ncount = 4")]
    )
    assert "reads.weight and reads.raw_count both have 4 registers" in message


def test_a_sign_that_is_read_apart_from_its_digits_is_refused(tmp_path: Path) -> None:
    message = refused(
        tmp_path,
        "dini_argeo_dgt",
        [
            (
                "address = 0\ncount = 5",
                'address = 0\ncount = 4\nsource = "x"\ngrade = "ours"\n\n[[reads]]\n'
                'name = "status"\nfunction = 4\naddress = 4\ncount = 1',
            )
        ],
    )
    assert "net.sign.word=4 is read apart from its digits" in message


def test_a_write_outside_the_list_is_refused(tmp_path: Path) -> None:
    tare = (
        'tare_write = { function = 6, address = 5, values = [7], means = "tare", source = "x", '
        'grade = "ours" }\n[serial]'
    )
    changes = [('method = "host"', 'method = "instrument"'), ("[serial]", tare)]
    message = refused(tmp_path, "laumas_tlb", changes)
    assert "tare_write (function 6, address 5) is not in writes" in message


def test_a_write_that_is_never_sent_cannot_be_allowed(tmp_path: Path) -> None:
    write = (
        '[[writes]]\nfunction = 6\naddress = 5\nvalues = [100]\nmeans = "zero"\nsource = "x"\n'
        'grade = "ours"\n\n[[never_sent]]'
    )
    message = refused(tmp_path, "laumas_tlb", [("[[never_sent]]", write)])
    assert "address 5 = [100], which never_sent forbids" in message


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (r"(?P<net>-?[0-9]{1,5}", r"(?P<net>-?[0-9]+", "'+', is not allowed"),
        ("(?P<net>", "(?P<value>", "group 'value' of the grammar has no meaning"),
        ("(?P<net>-?", "(?:-?", "no group (?P<net>...)"),
        ("(?: (?P<unit>[A-Za-z]{1,4}))?", "", "no group (?P<unit>...)"),
        ('where = "group"\nexpected', 'where = "constant"\nexpected', "unit.table"),
        ('ends_with = "\\r\\n"', "", "give either ends_with"),
        ('ends_with = "\\r\\n"', 'ends_with = "\\r\\n"\nlength = 9', "give either ends_with"),
        ('request = "?\\r"', 'request = "Ω"', "is not ASCII"),
        ('request = "?\\r"', 'request = "CLRMEM\\r"', "'CLRMEM\\r' is sent and is in never_"),
        ("poll_period_ms = 50", "poll_period_ms = 20", "poll_period_ms=20 is faster"),
        ("net_n = -4.285", "net_n = 4.285", "net_n=4.285 is stated, but the result is -4.285"),
        ('tension = "negative"', 'tension = "positive"', "is stated"),
        ('lbF = "lbf", ', "", "unit 'lbF'"),
        ('kind = "none"', 'kind = "xor"', "no group (?P<checked>...)"),
        (
            'tension = "negative"',
            'tension = "negative"\ncharacters = { 1 = "positive" }',
            "two sig",
        ),
        ('[decimals]\nwhere = "value"', '[decimals]\nwhere = "constant"', "decimals.value"),
        ("longest_line = 16", "longest_line = 10", "the line is not this model's"),
        ('says = "refused_request"', 'says = "overload"', "examples.3"),
        ('line = "*10\\r\\n"', 'line = "*1\\r\\n"', "examples.3"),
        ('fault = "refused_request"', "net_n = 1.0", "examples.3"),
        ('method = "host"', 'method = "instrument"', "tare_request go together"),
        ("lowest = -99999", "sent_on_overload = [99999, 0.0]", "sent_on_overload contains 0"),
    ],
)
def test_a_gauge_that_is_not_sound_is_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert words in refused(tmp_path, "mark10_series4", [(old, new)])


def test_a_tare_request_outside_the_list_is_refused(tmp_path: Path) -> None:
    changes = [
        ('method = "host"', 'method = "instrument"'),
        ('request = "?\\r"', 'request = "?\\r"\ntare_request = "Z\\r"'),
    ]
    message = refused(tmp_path, "mark10_series4", changes)
    assert "tare_request = 'Z\\r' is not in requests" in message


def test_a_file_that_is_no_profile_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "big.toml"
    path.write_bytes(b"#\n" * 50_000)
    with pytest.raises(ProfileInvalid, match="100000 bytes, at most 65536"):
        load_profile(path)


@pytest.mark.parametrize("text", ["a = " + "[" * 400, "a = " + "[\n" * 20_000, "a" + ".a" * 30_000])
def test_a_file_that_is_nested_too_deep_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "deep.toml"
    path.write_text(text)
    with pytest.raises(ProfileInvalid, match=r"deep\.toml"):
        load_profile(path)


def test_a_profile_of_another_kind_is_refused_by_its_kind() -> None:
    with pytest.raises(ProfileInvalid, match="kind = 'gauge', and a traction_unit is needed"):
        shipped_profile("sauter_fh", TractionUnitProfile)


# --- a clinic's own files -----------------------------------------------------------------------


def own(tmp_path: Path, name: str, text: str) -> Path:
    folder = tmp_path / "profiles"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


def test_a_clinic_s_own_profile_is_found_by_its_name(tmp_path: Path) -> None:
    text = (FOLDER / "sauter_fh.toml").read_text().replace('"sauter_fh"', '"our_gauge"')
    path = own(tmp_path, "our_gauge", text)
    profile, digest = find_profile("our_gauge", tmp_path)
    assert profile.name == "our_gauge"
    assert digest == load_profile(path)[1]
    assert user_files(tmp_path) == [path]
    assert find_profile("sauter_fh", tmp_path)[0].name == "sauter_fh"


def test_a_name_in_both_places_is_refused(tmp_path: Path) -> None:
    own(tmp_path, "sauter_fh", (FOLDER / "sauter_fh.toml").read_text())
    with pytest.raises(ProfileInvalid, match="has the name of a profile that comes with"):
        find_profile("sauter_fh", tmp_path)


def test_an_unknown_name_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(ProfileInvalid, match="laumas_tlb") as error:
        find_profile("../../etc/passwd", tmp_path)
    assert str(tmp_path / "profiles") in error.value.message

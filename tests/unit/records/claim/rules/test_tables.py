"""Pairs, thresholds, fees and payer files are read as they stand, or refused in words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from controller.errors import RulesInvalid
from records.claim.rules.pairs import parse_pairs, read_pairs, shipped_pairs
from records.claim.rules.payer_profile import (
    all_profiles,
    find_profile,
    parse_profile,
    shipped_profiles,
)
from records.claim.rules.tables import load_tables, shipped_tables
from records.store.record_folder import RecordFolder

CMS = (
    "CPT only copyright\t\t\t\t\t\t\n"
    "Column 1\tColumn 2\t*=in existence prior to 1996\tEffective Date\tDeletion Date\t"
    "Modifier\tPTP Edit Rationale\n"
    "97012\t97140\t\t19960101\t*\t1\tMutually exclusive procedures\n"
    "97012\t97010\t*\t19960101\t19960101\t9\tStandards\n"
    "97012\t97164\t\t20180101\t20191231\t1\tStandards\n"
    "97012\t97164\t\t20201001\t*\t1\tStandards\n"
    "97140\t97530\t\t20200101\t*\t1\tnot ours\n"
    "G0151\t97012\t\t20100101\t*\t1\tStandards\n"
)
DAY = date(2026, 11, 24)


def test_the_shipped_rows_are_those_that_were_seen() -> None:
    table = shipped_pairs()
    therapy = {"97140", "97018", "97164", "97168"}
    never = {"36591", "36592", "96523"}
    home = {"G0151", "G0157", "G0159"}
    assert {p for p in table.by_partner if p.startswith("97")} == therapy
    assert {p for p, rows in table.by_partner.items() if rows[0].indicator == 0} == never
    assert {p for p, rows in table.by_partner.items() if rows[0].column_2 == "97012"} == home
    assert len(table.by_partner) == 47 + len(therapy | never | home)
    assert all(row.effective is None for rows in table.by_partner.values() for row in rows)
    assert table.covers(date(2024, 9, 30))
    assert not table.covers(date(2024, 10, 1))


def test_the_file_of_cms_is_read_with_its_dates(tmp_path: Path) -> None:
    path = tmp_path / "ccipra.txt"
    path.write_text(CMS)
    table = read_pairs(path, date(2026, 10, 1), date(2026, 12, 31), "CMS")
    assert set(table.by_partner) == {"97140", "97010", "97164", "G0151"}
    assert table.find("97140", DAY) is not None
    assert table.find("97010", date(1996, 1, 1)) is None
    assert table.find("97164", date(2019, 12, 31)) is not None
    assert table.find("97164", date(2020, 3, 1)) is None
    again = table.find("97164", DAY)
    assert again is not None
    assert again.effective == date(2020, 10, 1)
    assert table.doubt(DAY) == ""
    assert table.doubt(date(2027, 1, 1)) == "pair known from 2026-10-01, check the quarter's file"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("col1,col2\n", "holds no pair of codes; give the text form"),
        ('97012,"' + "x" * 200_000, "not valid CSV at line 1 (field larger than field limit"),
        ("97012,97140,20200101,,1\nnonsense\n", "row 2 does not begin with two codes"),
        ("97012,97140,2020-13-01,,1\n", "'2020-13-01' is not a date such as 20240701"),
        ("97012,97140,20200101,,7\n", "row 1: needs effective date, deletion date and indicator"),
        ("97012,97140\n", "row 1: needs effective date"),
    ],
)
def test_a_broken_pair_file_is_refused_by_row(text: str, words: str) -> None:
    with pytest.raises(RulesInvalid) as caught:
        list(parse_pairs(text, "pairs.csv"))
    assert "NCCI file pairs.csv" in caught.value.message
    assert words in caught.value.message


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def test_the_user_s_tables_stand_in_front_of_the_shipped_ones(folder: RecordFolder) -> None:
    assert load_tables(folder) is shipped_tables()
    write(
        folder.path,
        tables__toml="""
[pairs]
file = "ccipra.txt"
valid_from = 2026-10-01
valid_to = 2026-12-31
source = "CMS ccipra v323"
strength = "A"
[fees]
file = "fees.csv"
[[threshold]]
amount = 2500
valid_from = 2026-01-01
valid_to = 2026-12-31
source = "contractor page"
""",
        ccipra__txt=CMS,
        fees__csv="code,valid_from,valid_to,source,amount\n97012,2026-01-01,2026-12-31,contract,18.50\n",
    )
    tables = load_tables(folder)
    assert tables.pairs.of_the_user
    threshold = tables.threshold(DAY)
    assert threshold is not None
    assert (threshold.amount, threshold.source) == (Decimal(2500), "contractor page")
    assert tables.threshold(date(2024, 1, 1)) is not None
    assert tables.fees is not None
    assert [each.what for each in tables.older_data(DAY)] == ["daily limit of 97012"]
    assert [each.what for each in tables.older_data(date(2027, 1, 1))] == [
        "NCCI pairs",
        "daily limit of 97012",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pairs = 1", "tables tables.toml: pairs=1"),
        ("[pair]\nfile='x'", "key pair is not known; did you mean pairs?"),
        ("[[threshold]]\namount = 5", "key threshold.1.valid_from is missing"),
        ("[fees]\nfile = 'absent.csv'", "absent.csv cannot be read"),
        ("[", "not valid TOML"),
    ],
)
def test_broken_tables_are_refused_by_file_and_key(
    folder: RecordFolder, text: str, words: str
) -> None:
    folder.tables.write_text(text)
    with pytest.raises(RulesInvalid) as caught:
        load_tables(folder)
    assert words in caught.value.message


def test_shipped_profiles_have_dates_sources_and_say_what_is_unknown() -> None:
    profiles = shipped_profiles()
    assert sorted(profiles) == [
        "auto",
        "cigna_ash",
        "commercial",
        "medicaid",
        "medicare_advantage",
        "medicare_b",
        "medicare_chiropractic",
        "self_pay",
        "uhc_commercial",
        "va",
        "wa_lni",
    ]
    for profile in profiles.values():
        assert profile.source
        assert profile.caveats
        assert profile.valid_from <= DAY
    assert profiles["medicare_b"].min_minutes is None
    assert profiles["commercial"].min_minutes == 15
    assert profiles["uhc_commercial"].covers_97012 == "unknown"


def test_a_profile_of_the_user_replaces_a_shipped_one(folder: RecordFolder) -> None:
    (folder.path / "payers").mkdir()
    text = 'name = "va"\ntitle = "VA, ours"\nkind = "va"\nvalid_from = 2026-01-01\n'
    (folder.path / "payers" / "va.toml").write_text(text + 'source = "x"\nstrength = "B"\n')
    assert all_profiles(folder)["va"].title == "VA, ours"
    assert len(all_profiles(folder)) == len(shipped_profiles())


def test_only_the_profile_that_is_meant_is_read(folder: RecordFolder) -> None:
    (folder.path / "payers").mkdir()
    (folder.path / "payers" / "ours.toml").write_text("broken")
    assert find_profile("va", folder) == shipped_profiles()["va"]
    with pytest.raises(RulesInvalid, match=r"ours\.toml"):
        find_profile("ours", folder)
    with pytest.raises(RulesInvalid, match=r"ours\.toml"):
        all_profiles(folder)


@pytest.mark.parametrize("name", ["nobody", "../payers/va", "va.toml", ""])
def test_a_profile_is_found_by_a_name_that_is_listed_and_nothing_else(
    name: str, folder: RecordFolder
) -> None:
    with pytest.raises(RulesInvalid, match=r"choose one of .*, va,"):
        find_profile(name, folder)


HEAD = 'name = "x"\ntitle = "X"\nkind = "commercial"\nvalid_from = 2026-01-01\nsource = "s"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD, "key strength is missing"),
        (HEAD + 'strength = "B"\nminutes = 15', "key minutes is not known; did you mean"),
        (HEAD.replace('"x"', '"y"') + 'strength = "B"', "name='y' is not the file's"),
        (HEAD + 'strength = "B"\n[severities]\n"T-999" = "off"', "severities.T-999 is not a rule"),
        (HEAD + 'strength = "B"\n[severities]\n"N-13" = "error"', "the rule has no source"),
        (HEAD + 'strength = "B"\n[severities]\n"N-13" = "bad"', "severities.N-13"),
    ],
)
def test_a_broken_profile_is_refused_by_file_and_key(text: str, words: str) -> None:
    with pytest.raises(RulesInvalid) as caught:
        parse_profile(text, "x.toml")
    assert "payer profile x.toml" in caught.value.message
    assert words in caught.value.message

"""Standing data through the commands, in one process."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from controller.errors import (
    JournalCorrupt,
    LinkLost,
    RecordNotFound,
    RequestRefused,
    StandingChanged,
    StandingInvalid,
)
from records.clinic.clinic_verify import verify_clinic
from records.standing.kinds import KINDS, TABLES
from records.standing.shipped import shipped_presets
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.commands import run, said
from tests.support.sessions import SHORT_CERVICAL
from tests.support.standing import example, keep
from workstation.commands.standing import GROUPS

WORDS = {
    "clinic": ("name=Example Clinic", "address.city=Springfield", 'payers=["medicare_b"]'),
    "person": ("PJ", "first_name=Pat", "last_name=Jones", "role=PT"),
    "unit": ("Table 1", "address=modbus-tcp://127.0.0.1:5020?unit=1"),
    "preset": (
        "Mild",
        "region=cervical",
        "source=our physician",
        "dose.mode=static",
        "dose.hold_force=60 N",
        "dose.treatment_time=9 min",
    ),
    "patient": ("A-1", "last_name=Doe", "first_name=Jane", "birth_date=1960-01-31"),
}
CHANGES = {
    "clinic": "address.line_1=1 Main Street",
    "person": "credentials=PT, DPT",
    "unit": "force_limit=100 N",
    "preset": "limits=not at the first visit",
    "patient": "harness=belt",
}


def added(folder: RecordFolder, kind: str) -> None:
    said(folder, GROUPS[kind], "add", *WORDS[kind], "--by", "A. Example")


def facts(folder: RecordFolder, *words: str) -> Any:
    return json.loads(run(folder, *words, "--json").stdout)


def called(kind: str) -> tuple[str, ...]:
    return () if kind == "clinic" else WORDS[kind][:1]


def test_the_groups_are_called_as_the_tables_of_the_files() -> None:
    assert GROUPS == TABLES
    assert GROUPS.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "account"])
def test_add_change_show_list_and_a_round_trip_of_every_kind(
    folder: RecordFolder, tmp_path: Path, kind: str
) -> None:
    group, name = GROUPS[kind], called(kind)
    added(folder, kind)
    told = said(folder, group, "change", *name, CHANGES[kind], "--by", "B. Example")
    assert "version 2 of " in told
    assert told.rstrip().endswith("by B. Example")
    shown = facts(folder, group, "show", *name)
    assert (shown["version"], shown["replaces"], shown["by"]) == (2, 1, "B. Example")
    assert facts(folder, group, "show", *name, "--version", "1")["by"] == "A. Example"
    assert [each["name"] for each in facts(folder, group, "list")["records"]] == [shown["name"]]
    assert shown["name"] in said(folder, group, "list")

    file = tmp_path / "out.toml"
    said(folder, group, "export", *name, "--out", str(file))
    assert "0 kept, 1 unchanged" in said(folder, group, "import", str(file))
    elsewhere = RecordFolder(tmp_path / "elsewhere")
    assert "1 kept, 0 unchanged" in said(elsewhere, group, "import", str(file))
    assert facts(elsewhere, group, "show", *name)["record"] == shown["record"]
    assert facts(elsewhere, group, "show", *name)["digest"] == shown["digest"]
    assert verify_clinic(folder).alterations == ()


def test_reading_a_folder_without_standing_data_makes_nothing(tmp_path: Path) -> None:
    folder = RecordFolder(tmp_path / "nosuch")
    for group in GROUPS.values():
        assert "on file" in said(folder, group, "list")
    assert not folder.path.exists()


def test_the_second_of_two_people_is_told(folder: RecordFolder) -> None:
    added(folder, "patient")
    said(folder, "patients", "change", "A-1", "harness=belt", "--by", "B. Example")
    with pytest.raises(StandingChanged, match=r"version 2 of .* by B\. Example, is newer"):
        said(folder, "patients", "change", "A-1", "harness=halter", "--version", "1")


def test_a_key_is_taken_away(folder: RecordFolder) -> None:
    added(folder, "unit")
    said(folder, "units", "change", "Table 1", "force_limit=100 N")
    said(folder, "units", "change", "Table 1", "force_limit=")
    assert "force_limit" not in facts(folder, "units", "show", "Table 1")["record"]


@pytest.mark.parametrize(
    ("words", "error", "told"),
    [
        (("patients", "add", "last_name=Doe"), RequestRefused, "give the name first"),
        (("patients", "add", "A-2", "Doe"), RequestRefused, "write it as key=value"),
        (
            ("patients", "add", "A-2", "birth_date=1960"),
            StandingInvalid,
            "key last_name is missing",
        ),
        (("patients", "change", "A-1", "birth_date=19"), StandingInvalid, "birth_date='19'"),
        (("patients", "add", "A-2", "adress.city=x"), StandingInvalid, "did you mean address?"),
        (
            ("patients", "add", "A-2", "payer=x", "payer.kind=y"),
            RequestRefused,
            "already has a value",
        ),
        (("patients", "change", "A-1", "reference=A-9"), RequestRefused, "never changes"),
        (("patients", "change", "A-1"), RequestRefused, "nothing to change"),
        (("patients", "show"), RequestRefused, "say which patient"),
        (("patients", "show", "A-9"), RecordNotFound, "on file: A-1"),
        (("patients", "show", "A-1", "--version", "2"), RequestRefused, "versions 1 to 1"),
        (("clinic", "add", "Example"), RequestRefused, "write it as key=value"),
        (("clinic", "show", "x"), RequestRefused, "it has no name here"),
        (("patients", "flag", "A-1", "--kind", "x", "--text", "y"), RequestRefused, "by is empty"),
        (("patients", "end-flag", "A-1", "1", "--reason", "x"), RequestRefused, "by is empty"),
    ],
)
def test_what_is_wrong_is_named(
    folder: RecordFolder, words: tuple[str, ...], error: type[Exception], told: str
) -> None:
    added(folder, "patient")
    before = read_standing(folder)
    with pytest.raises(error) as refused:
        said(folder, *words)
    assert told in str(refused.value)
    assert len(read_standing(folder).versions("patient", "A-1")) == len(
        before.versions("patient", "A-1")
    )


def test_a_flag_is_set_told_and_ended(folder: RecordFolder) -> None:
    added(folder, "patient")
    flag = (
        "--kind",
        "osteoporosis",
        "--text",
        "ask",
        "--region",
        "lumbar",
        "--until",
        "2099-12-31",
    )
    said(folder, "patients", "flag", "A-1", *flag, "--by", "A. Example")
    assert "flag 1: osteoporosis (lumbar): ask; A. Example on 20" in said(
        folder, "patients", "show", "A-1"
    )
    with pytest.raises(RequestRefused, match="flag 1 of patient A-1"):
        said(folder, "patients", "change", "A-1", "flags=[]")
    end = ("patients", "end-flag", "A-1", "1", "--reason", "measured anew")
    said(folder, *end, "--by", "B. Example")
    shown = said(folder, "patients", "show", "A-1")
    assert "ended by B. Example on 20" in shown
    assert ": measured anew" in shown
    with pytest.raises(StandingInvalid, match="region='neck'"):
        said(
            folder, "patients", "flag", "A-1", "--kind", "x", "--text", "y", "--region", "neck",
            "--by", "A",
        )  # fmt: skip


def test_shipped_presets_are_shown_and_belong_to_nobody(folder: RecordFolder) -> None:
    listed = said(folder, "presets", "list")
    for name in shipped_presets():
        assert f"{name}  " in listed
    assert listed.count("not taken over yet") == len(shipped_presets()) > 0
    with pytest.raises(RecordNotFound):
        said(folder, "presets", "show", "Cervical usual")
    said(folder, "presets", "add", "Cervical usual", "dose.hold_force=20 lbf",
         "dose.rest_force=10 lbf", "--by", "A. Example")  # fmt: skip
    shown = facts(folder, "presets", "show", "Cervical usual")
    assert (shown["by"], shown["record"]["dose"]["hold_force"]) == ("A. Example", "20 lbf")
    assert shown["record"]["source"].startswith("usual dose, an estimate")
    assert said(folder, "presets", "list").count("not taken over yet") == len(shipped_presets()) - 1


def test_patients_data_are_named_in_the_audit(folder: RecordFolder) -> None:
    added(folder, "patient")
    said(folder, "patients", "add", "A-2", *WORDS["patient"][1:])
    for words in (("show", "A-1"), ("list",), ("export", "A-2")):
        said(folder, "patients", *words, "--by", "R. Reader")
    audited = [row for row in facts(folder, "audit")["accesses"] if row["by"] == "R. Reader"]
    rows = [(row["what"], row["fields"]) for row in audited]
    assert rows == [
        ("patient shown", ["patient A-1"]),
        ("patient listed", ["patient A-1", "patient A-2"]),
        ("patient exported", ["patient A-2"]),
    ]
    of_one = [row["what"] for row in facts(folder, "audit", "--patient", "A-2")["accesses"]]
    assert of_one == ["patient added", "patient listed", "patient exported"]


def test_an_import_that_is_wrong_in_one_record_keeps_none(
    folder: RecordFolder, tmp_path: Path
) -> None:
    added(folder, "patient")
    file = tmp_path / "two.toml"
    file.write_text(
        '[[patients]]\nreference = "A-2"\nlast_name = "Roe"\nfirst_name = "Rick"\n'
        'birth_date = 1970-01-01\n[[patients]]\nreference = "A-1"\nlast_name = "Poe"\n'
        'first_name = "Pam"\nbirth_date = 1980-01-01\n'
    )
    result = run(folder, "patients", "import", str(file))
    assert isinstance(result.exception, StandingInvalid)
    assert "one reference is one patient" in result.output
    assert read_standing(folder).patient("A-2") is None


def test_nobody_who_is_not_born_yet_is_added_changed_or_imported(
    folder: RecordFolder, tmp_path: Path
) -> None:
    added(folder, "patient")
    file = tmp_path / "patients.toml"
    file.write_text(
        '[[patients]]\nreference = "A-2"\nlast_name = "Roe"\nfirst_name = "Rick"\n'
        "birth_date = 2999-01-01\n"
    )
    born = "birth_date=2999-01-01"
    for words in (
        ("import", str(file)),
        ("add", "A-2", "last_name=Roe", "first_name=Rick", born),
        ("change", "A-1", born),
    ):
        result = run(folder, "patients", *words)
        assert isinstance(result.exception, StandingInvalid), words
        assert f": {born} is still to come, and " in result.exception.message
    held = read_standing(folder)
    assert [each.number for each in held.patients] == [1]


def test_a_namesake_and_a_plan_that_ran_out_are_told(folder: RecordFolder) -> None:
    added(folder, "patient")
    result = run(
        folder, "patients", "add", "A-2", *WORDS["patient"][1:], "plan.cert_through=2020-01-01"
    )
    assert "patient A-1 has the same names and day of birth as A-2" in result.output
    assert "ran out on 2020-01-01" in result.output


def test_an_altered_file_shows_nothing(folder: RecordFolder) -> None:
    added(folder, "patient")
    with altering(folder.clinic_database) as db:
        db.execute("UPDATE entry SET utc_ms = utc_ms + 1 WHERE kind = 60")
    with pytest.raises(JournalCorrupt):
        said(folder, "patients", "show", "A-1")


@pytest.mark.parametrize(
    ("setting", "of_clinic", "years"),
    [("", None, 0), ("7", None, 7), ("", 10, 10), ("7", 10, 10), ("10", 7, 10), ("7", 0, 0)],
)
def test_of_setting_and_record_the_longer_time_keeps_sessions(
    folder: RecordFolder,
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    of_clinic: int | None,
    years: int,
) -> None:
    if setting:
        monkeypatch.setenv("TRACTION_RETENTION_YEARS", setting)
    keep(folder, example("clinic", retention_years=of_clinic))
    assert facts(folder, "retention")["years"] == years


def test_run_takes_a_table_s_name_for_its_address(folder: RecordFolder, tmp_path: Path) -> None:
    order = tmp_path / "order.toml"
    order.write_text(SHORT_CERVICAL, encoding="utf-8")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"modbus-tcp://127.0.0.1:{unused.getsockname()[1]}?unit=1"
        said(folder, "units", "add", "Table 1", f"address={address}")
        result = run(folder, "run", "Table 1", "--order", str(order), "--yes")
    assert isinstance(result.exception, LinkLost)
    assert f"127.0.0.1:{address.rpartition(':')[2].partition('?')[0]}" in str(result.exception)


def test_a_patient_of_a_payer_that_the_clinic_does_not_use_is_told(folder: RecordFolder) -> None:
    keep(folder, example("clinic", payers=["commercial"]))
    keep(folder, example("patient"))
    result = run(folder, "patients", "change", "TEST-1", "harness=belt", "--by", "P. Jones")
    assert "payer profile medicare_b of patient TEST-1 is not one that the clinic" in result.output
    keep(folder, example("clinic", payers=[]), made_from=1)
    result = run(folder, "patients", "change", "TEST-1", "harness=belts", "--by", "P. Jones")
    assert "payer profile" not in result.output

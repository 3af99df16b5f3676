"""Every entry point refuses text with hidden or control characters; filed text still opens."""

from __future__ import annotations

import getpass
import json
from pathlib import Path

import pytest

from controller.errors import PrescriptionInvalid, RequestRefused, ScriptInvalid
from controller.events import EventKind, JsonValue
from controller.requests import CheckIn, Remark
from records.order.order_file import parse_order, read_order
from records.store.record_folder import RecordFolder
from tests.support.notes import ORDER, note_of, recorded
from tests.unit.workstation.conftest import Traction
from workstation.author_now import author_now
from workstation.login import login_name
from workstation.session.request_lines import parse_request
from workstation.session.session_script import parse_script
from workstation.settings import load_settings

OVERRIDE = "\u202e"
BELL = "\x07"
TURNS = r"a mark that turns the direction of text \(U\+202E at character"


# --- order files and scripts ------------------------------------------------------------------

TEXT_KEYS = ("positioning", "harness", "symptoms", "rationale", "screening")
NAME_KEYS = ("patient_reference", "set_up_by", "supervised_by")
WORDLESS = "\n".join(line for line in ORDER.splitlines() if "reference" not in line)
WORDLESS = WORDLESS.replace('symptoms = "left arm pain"\n', "").replace(
    'symptoms = "left arm pain"', ""
)


def written(tmp_path: Path, line: str) -> Path:
    path = tmp_path / "order.toml"
    path.write_text(f"{WORDLESS}\n{line}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("key", [*TEXT_KEYS, *NAME_KEYS])
def test_words_of_an_order_file_are_checked_as_they_come_in(tmp_path: Path, key: str) -> None:
    order = read_order(written(tmp_path, f'{key} = "Ægir 山田 שרה"'))
    assert getattr(order, key) == "Ægir 山田 שרה"
    with pytest.raises(PrescriptionInvalid, match=f"order order.toml: {key} has {TURNS} 3 of 5"):
        read_order(written(tmp_path, f'{key} = "ab{OVERRIDE}cd"'))
    most = 100 if key in NAME_KEYS else 2000
    with pytest.raises(PrescriptionInvalid, match=f"{key} has 10000 characters, at most {most};"):
        read_order(written(tmp_path, f'{key} = "{"x" * 10_000}"'))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (r'screening = "ab\u001Bc"', "screening has a control character (U+001B at character 3"),
        ('screening = """two\nlines"""', "screening has an end of line (U+000A at character 4"),
        (r'"colo\u202Eur" = "red"', "a key has a mark that turns the direction of text"),
        (r'diagnosis = ["M54.2", "M54\u200B.3"]', "diagnosis.1 has an invisible character"),
        (r'mode = "st\u0007atic"', "mode has a control character"),
        (r'body_mass = "75\u00A0\u200Bkg"', "body_mass has an invisible character"),
    ],
)
def test_no_key_and_no_text_of_an_order_is_left_out(tmp_path: Path, line: str, said: str) -> None:
    base = "\n".join(row for row in WORDLESS.splitlines() if not row.startswith(line.split()[0]))
    path = tmp_path / "order.toml"
    path.write_text(f"{base}\n{line}\n", encoding="utf-8")
    with pytest.raises(PrescriptionInvalid) as refused:
        read_order(path)
    assert said in refused.value.message
    assert refused.value.message.isprintable()


def test_remarks_of_an_order_file_are_checked_too(tmp_path: Path) -> None:
    """The file is kept as it was written, so they reach records and bundles with it."""
    read_order(written(tmp_path, "# remark\twith a tab: שרה"))
    with pytest.raises(PrescriptionInvalid, match=rf"order\.toml: line \d+ has {TURNS} 4 of 5"):
        read_order(written(tmp_path, f"# a{OVERRIDE}b"))


STEP = '[[step]]\nat = "5 s"\ndo = "remark"\nby = "P. Jones"\nreason = "all well"\n'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("P. Jones", f"P. {OVERRIDE}Jones", "step.0.by has a mark that turns"),
        ("P. Jones", "x" * 101, "step.0.by has 101 characters, at most 100"),
        ("P. Jones", " ", "step 1: by is empty; say who it is"),
        ("all well", r"all\u001B[2Jwell", "step.0.reason has a control character"),
        ("all well", "x" * 10_000, "step.0.reason has 10000 characters, at most 2000"),
        ("remark", r"remark\u200B", "step.0.do has an invisible character"),
    ],
)
def test_words_of_a_script_are_checked(old: str, new: str, said: str) -> None:
    assert parse_script(STEP, "visit.toml").due(5.0) == [Remark(by="P. Jones", text="all well")]
    with pytest.raises(ScriptInvalid) as refused:
        parse_script(STEP.replace(old, new), "visit.toml")
    assert refused.value.message.startswith("script visit.toml")
    assert said in refused.value.message
    assert refused.value.message.isprintable()


# --- typed lines ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("remark odd\x1b[Dnoise", "text has a control character (U+001B at character 4"),
        ("remark odd\x85noise", "text has an end of line (U+0085"),
        (f"check A. {OVERRIDE}Example", "by has a mark that turns"),
        (f"pause {BELL}", "reason has a control character"),
        ("end \udcff", "reason has the byte 0xFF"),
        ("-5 N \x1cpain", "reason has a control character"),
        ("+5 N " + "x" * 10_000, "reason has 10000 characters, at most 2000; shorten it"),
        ("check " + "x" * 101, "by has 101 characters, at most 100; shorten it"),
        (f"pau{BELL}se", "'pau<U+0007>se' is not understood"),
        ("x" * 10_000, f"'{'x' * 40}...' is not understood"),
    ],
)
def test_a_typed_line_with_words_that_hide_is_refused_in_words(line: str, said: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        parse_request(line, "P. Jones")
    assert said in refused.value.message
    assert refused.value.message.isprintable()
    assert len(refused.value.message) < 250


def test_blanks_and_tabs_between_words_do_not_count() -> None:
    assert parse_request("\tcheck \t A. Example,  PT ", "P. Jones") == CheckIn(by="A. Example, PT")


# --- names of people and of this system -------------------------------------------------------


def test_who_is_named_is_a_name(folder: RecordFolder) -> None:
    assert author_now(folder, "José Ørsted").by == "José Ørsted"
    with pytest.raises(RequestRefused, match=f"by has {TURNS}"):
        author_now(folder, f"P. {OVERRIDE}Jones")


@pytest.mark.parametrize("account", ["", "  ", "pj\x1b[2J", "pj\udcff", "x" * 101])
def test_an_account_that_no_record_could_hold_is_called_by_its_number(
    monkeypatch: pytest.MonkeyPatch, account: str
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: account)
    assert login_name().startswith("user ")
    monkeypatch.setattr(getpass, "getuser", lambda: "pj")
    assert login_name() == "pj"


def test_an_account_without_a_name_is_called_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert login_name().startswith("user ")


def test_the_clinic_s_name_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACTION_CLINIC", f"North{OVERRIDE}")
    with pytest.raises(RequestRefused, match=r"clinic='North\\u202e': .*U\+202E at character 6"):
        load_settings()


# --- the command line -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sessions", "--text", "a\udcffb"), "--text has the byte 0xFF, no text in this system"),
        (("show", "s\udce9"), "argument 2 has the byte 0xE9"),
        (("run", "modbus-tcp://h\udcff:1", "--order", "o.toml"), "argument 2 has the byte 0xFF"),
        (("run", "modbus-tcp://h\x1b[2J:1", "--order", "o"), "argument 2 has a control character"),
        (("run", "modbus-tcp://h:1", "--order", "o\u202e.toml"), "--order has a mark that turns"),
        (("audit", "--session", "s\u2028"), "--session has an end of line (U+2028"),
        (("sessions", "--text=a\u200bb"), "--text has an invisible character (U+200B"),
        (("run", "x" * 301, "--order", "o.toml"), "UNIT has 301 characters, at most 300"),
        (("sessions", "--patient", "x", "--by", "\x07"), "by has a control character"),
    ],
)
def test_what_is_given_on_the_command_line_is_checked(
    traction: Traction, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    status, printed = traction(*arguments, "--data", str(tmp_path))
    assert status == 2
    assert said in printed
    assert printed.replace("\n", "").isprintable()


def test_who_sits_at_the_terminal_is_a_name(traction: Traction, tmp_path: Path) -> None:
    order = written(tmp_path, "")
    run = ("run", "modbus-tcp://127.0.0.1:9?unit=1", "--order", str(order), "--yes")
    status, printed = traction(*run, "--by", f"P. {OVERRIDE}J", "--data", str(tmp_path))
    assert status == 2
    assert "--by has a mark that turns the direction of text (U+202E" in printed


NOTE_ACTS = {
    "complete": ("--complete", f"harness=halter{OVERRIDE}", "--by", "P. Jones"),
    "complete a word of a list": ("--complete", "tolerance=fi\x1bne", "--by", "P. Jones"),
    "an unknown field": ("--complete", "har\x1bness=halter", "--by", "P. Jones"),
    "by": ("--complete", "harness=halter", "--by", "P.\x07Jones"),
    "credentials": ("--sign", "--by", "P. Jones", "--credentials", "P\u200bT"),
}


@pytest.mark.parametrize("act", NOTE_ACTS)
def test_words_of_a_note_are_checked(traction: Traction, folder: RecordFolder, act: str) -> None:
    recorded(folder)
    status, printed = traction("note", "s-1", *NOTE_ACTS[act], "--data", str(folder))
    assert status == 2
    assert "only visible characters on one line are taken: leave it out" in printed
    assert printed.replace("\n", "").isprintable()
    assert note_of(folder).field("harness").value is None


def test_the_reason_of_a_hold_is_checked(traction: Traction, folder: RecordFolder) -> None:
    recorded(folder)
    hold = ("hold", "s-1", "--by", "P. Jones", "--data", str(folder), "--reason")
    status, printed = traction(*hold, "law\x1bsuit")
    assert status == 2
    assert "reason has a control character (U+001B" in printed
    assert traction(*hold, "lawsuit")[0] == 0


# --- what is on file already ------------------------------------------------------------------


def test_what_is_on_file_with_such_words_still_opens(
    traction: Traction, folder: RecordFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    filed = ORDER + 'harness = "hal\\u001Bter\\u202E"\nscreening = """two\nlines"""\n'
    remark: tuple[int, EventKind, dict[str, JsonValue]] = (
        3_000,
        EventKind.REMARK_RECORDED,
        {"by": f"P.{OVERRIDE}", "text": "odd\x1b noise"},
    )
    recorded(folder, order=filed, happened=[remark])
    assert parse_order(filed, "filed").harness == f"hal\x1bter{OVERRIDE}"
    assert note_of(folder).field("harness").value == f"hal\x1bter{OVERRIDE}"
    for command in (("note", "s-1"), ("note", "s-1", "--sources"), ("show", "s-1"), ("sessions",)):
        status, printed = traction(*command, "--data", str(folder))
        assert status == 0
        assert printed.replace("\n", "").isprintable(), command
    status, printed = traction("show", "s-1", "--json", "--data", str(folder))
    assert status == 0
    assert printed.replace("\n", "").isprintable()
    assert r"hal\u001bter\u202e" in printed
    json.loads(printed)

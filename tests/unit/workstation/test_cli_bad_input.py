"""Bad input ends in one clear message and the exit status of its kind, through the program's entry.

Nothing here may leave a session that looks complete, and nobody sees a traceback.
"""

from __future__ import annotations

import io
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.events import Outcome
from controller.order.prescription import Region
from records.evidence.reader import list_sessions
from records.store.database import open_for_writing
from records.store.private_files import write_private
from records.store.record_folder import RecordFolder
from records.store.unit_file import UNIT_SCHEMA
from records.store.unit_lock import UnitLock
from simulator.device.firmware import ReferenceFirmware
from simulator.device.register_image import UnitDescription
from simulator.line.servers import SimulatedUnit
from simulator.table.bodies import CERVICAL_SLIDING
from simulator.table.plant import TractionPlant
from simulator.units import system_device_time
from workstation import cli
from workstation.texts.order_template import order_template

UNIT_ID = "545243310000273a"
NOBODY = "modbus-tcp://127.0.0.1:9?unit=1"


class Told:
    """What the program printed, and how it ended."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


Traction = Callable[..., Told]


@pytest.fixture
def traction(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Traction:
    """Call the command as a shell would, through ``main``."""
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str) -> Told:
        monkeypatch.setattr(sys, "argv", ["traction", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        status = ended.value.code
        assert isinstance(status, int) or status is None
        assert "Traceback" not in printed.out + printed.err
        return Told(status or 0, printed.out, printed.err)

    return call


@contextmanager
def served(disguise: Callable[[ReferenceFirmware], None] = lambda unit: None) -> Iterator[str]:
    """A unit in real time; returns its address."""
    source = random.Random(1)
    time = system_device_time()
    firmware = ReferenceFirmware(
        TractionPlant(CERVICAL_SLIDING, source),
        random=source,
        unit=UnitDescription(regions=0b01, rated_force_n=180.0),
        powered_on_at_s=time.now_s(),
    )
    disguise(firmware)
    with SimulatedUnit(firmware, time) as unit:
        yield unit.serve_tcp().uri


@pytest.fixture
def order(tmp_path: Path) -> Callable[..., str]:
    """Write the cervical template with changed lines; returns the file's path."""

    def write(*changes: tuple[str, str]) -> str:
        text = order_template(Region.CERVICAL)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "order.toml"
        path.write_text(text)
        return str(path)

    return write


def one_message(told: Told) -> str:
    """The one message on stderr; the plan of the order may stand above it."""
    (line,) = [row for row in told.err.splitlines() if row.startswith("traction: ")]
    assert told.err.rstrip().endswith(line)
    return line


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("hold_time =", "hold_tyme =", ["key hold_tyme is not known", "did you mean hold_time?"]),
        ('"23 lbf"', '"23"', ['hold_force="23"', "the unit is missing", '"23 N" or "23 lbf"']),
        ('"15 min"', '"15"', ['treatment_time="15"', "the unit is missing", '"15 s" or "15 min"']),
        ('"23 lbf"', '"23 stone"', ["'stone'", "is not known"]),
        ('"23 lbf"', "23", ["hold_force=23", "must be text in quotes"]),
        ('"23 lbf"', '"201 N"', ["201", "200"]),
        ('"11.5 lbf"', '"150 N"', ["rest_force", "150"]),
        ('"23 lbf"', '"40 % body weight"', ["body_mass"]),
        ('region = "cervical"', 'region = "elbow"', ['region="elbow"', "cervical"]),
        ('hold_force = "23 lbf"', "# nothing", ["hold_force is missing"]),
        ('"15 min"', '"15 min', ['write treatment_time = "15 min"']),
        ("diagnosis = []", 'diagnosis = ["neck"]', ["ICD-10-CM"]),
    ],
)
def test_a_wrong_order_is_named_and_nothing_is_opened(
    traction: Traction,
    order: Callable[..., str],
    tmp_path: Path,
    old: str,
    new: str,
    words: list[str],
) -> None:
    data = tmp_path / "data"
    told = traction("run", NOBODY, "--order", order((old, new)), "--yes", "--data", str(data))
    assert told.status == 2
    message = one_message(told)
    for word in [*words, "order.toml"]:
        assert word in message
    assert not data.exists()


def test_an_order_file_that_is_not_there(traction: Traction, tmp_path: Path) -> None:
    told = traction("run", NOBODY, "--order", str(tmp_path / "none.toml"), "--yes")
    assert told.status == 2
    assert "traction order new" in one_message(told)


def test_questions_without_anybody_to_answer(
    traction: Traction, order: Callable[..., str], tmp_path: Path
) -> None:
    data = str(tmp_path / "data")
    told = traction("run", NOBODY, "--order", order(), "--data", data)
    assert told.status == 2
    assert "unit not commissioned" in one_message(told)
    above_soft = order(('"23 lbf"', '"190 N"'))
    told = traction("run", NOBODY, "--order", above_soft, "--yes", "--data", data)
    assert told.status == 2
    assert "force above soft limit" in one_message(told)


@pytest.mark.parametrize(
    "uri", ["", "table-2", "modbus-tcp://127.0.0.1", "modbus-rtu:///dev/x?baud=1", "http://a:1"]
)
def test_an_address_that_does_not_parse(
    traction: Traction, order: Callable[..., str], tmp_path: Path, uri: str
) -> None:
    data = tmp_path / "data"
    told = traction("run", uri, "--order", order(), "--yes", "--data", str(data))
    assert told.status == 2
    assert "expected for instance modbus-tcp://" in one_message(told)
    assert not data.exists()


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        (NOBODY, "the connection was refused"),
        ("modbus-rtu:///dev/no-such-port", "/dev/no-such-port"),
    ],
)
def test_nobody_at_the_address_is_refused_and_records_nothing(
    traction: Traction, order: Callable[..., str], tmp_path: Path, uri: str, words: str
) -> None:
    data = tmp_path / "data"
    told = traction("run", uri, "--order", order(), "--yes", "--data", str(data))
    assert told.status == 3
    assert words in one_message(told)
    assert not data.exists()


@pytest.mark.parametrize(
    ("disguise", "words"),
    [
        (lambda unit: unit.disguise.another_device("ABCD"), "it is another device"),
        (lambda unit: unit.disguise.swap_words(), "words are swapped"),
        (lambda unit: unit.disguise.version(2), "map version 2.0"),
        (lambda unit: unit.disguise.shift(1), "it is not a traction unit"),
    ],
)
def test_another_device_at_the_address_is_refused(
    traction: Traction,
    order: Callable[..., str],
    tmp_path: Path,
    disguise: Callable[[ReferenceFirmware], None],
    words: str,
) -> None:
    data = tmp_path / "data"
    with served(disguise) as uri:
        told = traction("run", uri, "--order", order(), "--yes", "--data", str(data))
    assert told.status == 3
    assert words in one_message(told)
    assert not data.exists()


@pytest.mark.parametrize(
    ("region", "changes", "words"),
    [
        (Region.CERVICAL, ('"23 lbf"', '"185 N"'), "exceeds 180 N of TRC Reference 1"),
        (Region.LUMBAR, ('"200 N"', '"200 N"'), "region=lumbar is not offered"),
    ],
)
def test_an_order_that_the_unit_cannot_give(
    traction: Traction, tmp_path: Path, region: Region, changes: tuple[str, str], words: str
) -> None:
    path, data = tmp_path / "order.toml", tmp_path / "data"
    # 185 N needs a person's answer, which no script may give; the terminal is there.
    path.write_text(order_template(region).replace(*changes))
    with served() as uri, pytest.MonkeyPatch.context() as patched:
        terminal = io.StringIO()
        patched.setattr(terminal, "isatty", lambda: True, raising=False)
        patched.setattr(sys, "stdin", terminal)
        told = traction("run", uri, "--order", str(path), "--yes", "--data", str(data))
    assert told.status == 2
    assert words in told.err.strip().splitlines()[-1]
    assert not data.exists()


def test_a_database_of_a_newer_version_is_refused_and_untouched(
    traction: Traction, order: Callable[..., str], folder: RecordFolder
) -> None:
    path = folder.unit_database(UNIT_ID)
    db = open_for_writing(path, UNIT_SCHEMA)
    db.execute("PRAGMA user_version = 99")
    db.close()
    before = path.read_bytes()
    with served() as uri:
        told = traction("run", uri, "--order", order(), "--yes", "--data", str(folder))
    assert told.status == 4
    assert "99" in one_message(told)
    assert path.read_bytes() == before
    told = traction("sessions", "--data", str(folder))
    assert told.status == 4
    (line,) = told.err.splitlines()
    assert "99" in line
    told = traction("verify", "--all", "--data", str(folder))
    assert told.status == 4
    assert "NOT CHECKED" in told.out
    assert "schema version 99" in told.out
    assert told.out.splitlines()[-1].startswith("not everything could be checked (")


def test_a_database_that_is_read_only(
    traction: Traction, order: Callable[..., str], folder: RecordFolder
) -> None:
    path = folder.unit_database(UNIT_ID)
    open_for_writing(path, UNIT_SCHEMA).close()
    path.chmod(0o444)
    with served() as uri:
        told = traction("run", uri, "--order", order(), "--yes", "--data", str(folder))
    assert told.status == 4
    assert path.name in one_message(told)
    assert list(list_sessions(folder)) == []


def test_a_file_that_is_no_database(
    traction: Traction, order: Callable[..., str], folder: RecordFolder
) -> None:
    path = folder.unit_database(UNIT_ID)
    write_private(path, b"not a database, and longer than any header" * 40)
    with served() as uri:
        told = traction("run", uri, "--order", order(), "--yes", "--data", str(folder))
    assert told.status == 4
    assert path.name in one_message(told)


def test_a_data_folder_that_is_a_file(
    traction: Traction, order: Callable[..., str], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.write_text("")
    with served() as uri:
        told = traction("run", uri, "--order", order(), "--yes", "--data", str(data))
    assert told.status == 4
    one_message(told)


def test_a_second_run_on_a_unit_whose_session_is_open(
    traction: Traction, order: Callable[..., str], folder: RecordFolder
) -> None:
    lock = UnitLock(folder.unit_database(UNIT_ID))
    lock.take()
    try:
        with served() as uri:
            told = traction("run", uri, "--order", order(), "--yes", "--data", str(folder))
    finally:
        lock.release()
    assert told.status == 3
    assert f"a session on unit {UNIT_ID} is open" in one_message(told)
    assert list(list_sessions(folder)) == []


def test_a_refusal_before_arming_is_on_record_without_note_and_charge(
    traction: Traction, order: Callable[..., str], folder: RecordFolder
) -> None:
    def faulted(unit: ReferenceFirmware) -> None:
        unit.corrupt_configuration()

    with served(faulted) as uri:
        told = traction("run", uri, "--order", order(), "--yes", "--data", str(folder))
    assert told.status == 3
    assert "reports a fault" in told.err
    (record,) = list_sessions(folder)
    assert record.outcome == Outcome.REFUSED
    assert record.seal is not None
    session = record.head.session_id
    assert f"recorded as session {session}" in told.err
    out = str(folder.path / "charge.csv")
    told = traction("export", session, "--format", "csv", "--out", out, "--data", str(folder))
    assert told.status == 2
    one_message(told)
    assert not Path(out).exists()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["show", "nothing-like-it"], 2),
        (["note", "nothing-like-it"], 2),
        (["verify", "nothing-like-it"], 2),
        (["verify"], 2),
        (["export", "x", "--format", "docx"], 2),
        (["run", NOBODY], 2),
        (["simulate", "--body", "elephant"], 2),
        (["simulate", "--instrument", "laumas_tlb"], 2),
        (["simulate", "--weight", "5 kg"], 2),
        (["simulate", "--instrument", "laumas_tlb", "--order", "o.toml", "--weight", "5 kg"], 2),
        (["simulate", "--instrument", "laumas_tlb", "--weight", "5 N"], 2),
        (["simulate", "--instrument", "nobody", "--weight", "5 kg"], 2),
        (["simulate", "--order", "order.toml"], 2),
        (["simulate", "--instrument", "reference_v1", "--order", "order.toml"], 2),
        (["fly"], 2),
    ],
)
def test_wrong_usage_is_2(
    traction: Traction, tmp_path: Path, arguments: list[str], status: int
) -> None:
    data = ["--data", str(tmp_path)] if arguments[0] in ("show", "note", "verify") else []
    told = traction(*arguments, *data)
    assert told.status == status
    assert told.err


def test_an_order_file_is_never_overwritten(traction: Traction, tmp_path: Path) -> None:
    path = tmp_path / "order.toml"
    path.write_text("mine")
    told = traction("order", "new", "--region", "lumbar", "--out", str(path))
    assert told.status == 2
    assert "exists already" in one_message(told)
    assert path.read_text() == "mine"


def test_a_setting_that_is_wrong_is_named(
    traction: Traction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACTION_TIME_ZONE", "Mars/Olympus")
    told = traction("sessions", "--data", str(tmp_path))
    assert told.status == 2
    assert "time_zone='Mars/Olympus'" in one_message(told)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"at_s": 1, "call": "cord.cut"}', "line 1: call 'cord.cut' is not one of"),
        (None, "No such file"),
    ],
)
def test_a_fault_script_that_is_wrong_is_named(
    traction: Traction, tmp_path: Path, text: str | None, words: str
) -> None:
    path = tmp_path / "faults.jsonl"
    if text is not None:
        path.write_text(text)
    told = traction("simulate", "--port", "0", "--faults", str(path))
    assert told.status == 2
    assert words in one_message(told)
    assert str(path) in told.err


def test_several_mistakes_of_an_order_stand_one_below_the_other(
    traction: Traction, tmp_path: Path
) -> None:
    order = tmp_path / "order.toml"
    text = order_template(Region.CERVICAL)
    text = text.replace('"15 min"', '"15 minutes"').replace('"11.5 lbf"', '"11,5 lbf"')
    order.write_text(text, encoding="utf-8")
    for command in (
        ("order", "check", str(order)),
        ("run", NOBODY, "--order", str(order), "--yes"),
    ):
        told = traction(*command)
        assert (told.status, told.out) == (2, "")
        assert told.err.splitlines() == [
            "traction: order order.toml: 2 mistakes [1002]",
            '- rest_force="11,5 lbf" has a comma; write "11.5 lbf" (a point, no comma)',
            "- treatment_time=\"15 minutes\" has a unit that is not known, 'minutes'; "
            'write "15 min"',
        ]


def test_one_mistake_of_an_order_is_one_line(traction: Traction, tmp_path: Path) -> None:
    order = tmp_path / "order.toml"
    text = order_template(Region.CERVICAL).replace('"15 min"', '"15 minutes"')
    order.write_text(text, encoding="utf-8")
    told = traction("order", "check", str(order))
    assert told.err.startswith('traction: order order.toml: treatment_time="15 minutes" has a')
    assert told.err.count("\n") == 1

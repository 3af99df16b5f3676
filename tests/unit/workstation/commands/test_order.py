"""``traction order check``: the plan and the questions without any unit."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller.errors import PrescriptionInvalid, RecordNotFound, RequestRefused
from controller.order.prescription import Region
from records.clinic.audit import accesses
from records.store.record_folder import RecordFolder
from tests.support.sessions import SHORT_CERVICAL
from tests.support.standing import FLAG, example, keep, patient
from workstation.cli import app
from workstation.texts.order_template import order_template


def test_check_prints_steps_total_time_and_questions(tmp_path: Path) -> None:
    file = tmp_path / "order.toml"
    steps = order_template(Region.LUMBAR).replace("progressive_steps = 0", "progressive_steps = 2")
    file.write_text(steps, encoding="utf-8")
    result = CliRunner().invoke(app, ["order", "check", str(file)])
    assert result.exit_code == 0
    assert "progressive  1 min 20 s, steps at 76.7 N, 138.3 N" in result.output
    assert "total        16 min" in result.output
    assert "call_bell_in_hand" in result.output


def test_check_says_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "order.toml"
    text = order_template(Region.LUMBAR).replace("regressive_steps = 0", "regressive_steps = 10")
    file.write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["order", "check", str(file)])
    assert isinstance(result.exception, PrescriptionInvalid)
    assert "regressive_steps=10 steps is outside 0 to 9" in str(result.exception)


def checked(folder: RecordFolder, place: Path, *words: str) -> str:
    """What the check of a cervical order for TEST-1 says; raises what it raised."""
    file = place / "order.toml"
    file.write_text(SHORT_CERVICAL, encoding="utf-8")
    result = CliRunner().invoke(app, ["order", "check", str(file), "--data", str(folder), *words])
    if isinstance(result.exception, Exception):
        raise result.exception
    return result.output


def test_check_of_a_patient_of_whom_nothing_is_known_reads_and_writes_nothing(
    folder: RecordFolder, tmp_path: Path
) -> None:
    assert "lasting flag" not in checked(folder, tmp_path)
    assert not folder.clinic_database.exists()


def test_check_tells_the_patient_s_flags_and_a_plan_that_ran_out_and_is_audited(
    folder: RecordFolder, tmp_path: Path
) -> None:
    keep(folder, patient(flags=[FLAG], plan={"cert_through": "2020-01-31"}))
    output = checked(folder, tmp_path)
    assert f"lasting flag 1: osteoporosis (cervical): {FLAG['text']}; P. Jones" in output
    assert "the plan of care of patient TEST-1 ran out on 2020-01-31" in output
    assert accesses(folder)[-1].what == "order check"
    assert accesses(folder)[-1].fields == ("patient TEST-1",)


def test_check_refuses_what_a_flag_forbids_with_the_way_out(
    folder: RecordFolder, tmp_path: Path
) -> None:
    keep(folder, patient(flags=[{**FLAG, "do_not_treat": True}]))
    with pytest.raises(RequestRefused, match="patients end-flag TEST-1 1") as refused:
        checked(folder, tmp_path)
    assert str(FLAG["text"]) in refused.value.message


def test_check_for_a_table_narrows_to_its_limits(folder: RecordFolder, tmp_path: Path) -> None:
    keep(folder, example("unit", force_limit="50 N"))
    with pytest.raises(PrescriptionInvalid, match="hold_force=60 N exceeds 50 N, the force_limit"):
        checked(folder, tmp_path, "--unit", "Table 1")
    with pytest.raises(RecordNotFound, match="unit Table 9 is not on file"):
        checked(folder, tmp_path, "--unit", "Table 9")
    keep(folder, example("unit", in_use=False), made_from=1)
    with pytest.raises(RequestRefused, match="no longer in use"):
        checked(folder, tmp_path, "--unit", "Table 1")

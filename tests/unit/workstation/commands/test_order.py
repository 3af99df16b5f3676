"""``traction order check``: the plan and the questions without any unit."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.errors import PrescriptionInvalid, RecordNotFound, RequestRefused
from controller.order.prescription import Region
from records.clinic.audit import accesses
from records.order.order_file import parse_order
from records.store.record_folder import RecordFolder
from tests.support.commands import invoke, said
from tests.support.sessions import SHORT_CERVICAL
from tests.support.standing import FLAG, example, keep, patient
from workstation.texts.order_template import order_template


def test_check_prints_steps_total_time_and_questions(tmp_path: Path) -> None:
    file = tmp_path / "order.toml"
    steps = order_template(Region.LUMBAR).replace("progressive_steps = 0", "progressive_steps = 2")
    file.write_text(steps, encoding="utf-8")
    result = invoke("order", "check", str(file))
    assert result.exit_code == 0
    assert (
        "progressive  1 min 20 s, steps at 76.7 N (17.2 lbf), 138.3 N (31.1 lbf)" in result.output
    )
    assert "total        16 min" in result.output
    assert "call bell in hand" in result.output


def test_check_says_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "order.toml"
    text = order_template(Region.LUMBAR).replace("regressive_steps = 0", "regressive_steps = 10")
    file.write_text(text, encoding="utf-8")
    result = invoke("order", "check", str(file))
    assert isinstance(result.exception, PrescriptionInvalid)
    assert "regressive_steps=10 steps is outside 0 to 9" in str(result.exception)


def checked(folder: RecordFolder, place: Path, *words: str) -> str:
    """What the check of a cervical order for TEST-1 says; raises what it raised."""
    file = place / "order.toml"
    file.write_text(SHORT_CERVICAL, encoding="utf-8")
    result = invoke("order", "check", str(file), "--data", str(folder), *words)
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


def proposed(folder: RecordFolder, *words: str, region: str = "cervical") -> str:
    """What ``order new`` prints with proposals; raises what it raised."""
    command = ["order", "new", "--region", region, "--data", str(folder), *words]
    result = invoke(*command)
    if isinstance(result.exception, Exception):
        raise result.exception
    return result.stdout


def test_a_new_order_takes_proposals_marked_with_their_version(folder: RecordFolder) -> None:
    keep(folder, patient(flags=[FLAG]))
    keep(folder, example("preset"))
    text = proposed(folder, "--patient", "TEST-1", "--preset", "Cervical mild")
    assert text.startswith(f"# LASTING FLAG 1: osteoporosis (cervical): {FLAG['text']}; P. Jones")
    mark = "# PROPOSED by patient TEST-1, version 1 by P. Jones, check it"
    assert f'diagnosis = ["M50.120"]  {mark}\n' in text
    assert f'harness = "two-piece head halter"  {mark}\n' in text
    order = parse_order(text, "proposed")
    assert order.patient_reference == "TEST-1"
    assert order.prescription.mode.value == "static"
    assert (order.prescription.hold_force_n, order.prescription.force_limit_n) == (60.0, 80.0)
    assert order.prescription.treatment_s == 600
    assert (order.symptoms, order.screening) == ("", "")
    assert accesses(folder)[-1].what == "order new"


def test_a_new_order_without_proposals_is_the_template_to_the_byte(folder: RecordFolder) -> None:
    for region in Region:
        assert proposed(folder, region=region.value) == order_template(region)
    assert not folder.clinic_database.exists()


def test_the_limits_in_a_new_order_are_led_by_the_clinic_s_unit(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRACTION_FORCE_UNIT")
    keep(folder, example("clinic", force_unit="lbf"))
    text = proposed(folder)
    assert "# up to 45.0 lbf (200 N); above 39.7 lbf (176.5 N) a person must" in text
    plain = order_template(Region.CERVICAL)
    assert parse_order(text, "new").prescription == parse_order(plain, "new").prescription


def test_a_preset_of_the_program_makes_no_order_before_somebody_takes_it_over(
    folder: RecordFolder,
) -> None:
    with pytest.raises(RequestRefused, match="comes with the program and is not the clinic's yet"):
        proposed(folder, "--preset", "Cervical usual")
    said(folder, "presets", "add", "Cervical usual", "--by", "A. Example")
    text = proposed(folder, "--preset", "Cervical usual")
    assert "PROPOSED by preset Cervical usual, version 1 by A. Example" in text
    assert parse_order(text, "proposed").prescription.hold_force_n == 102.3


def test_shares_of_a_body_weight_wait_for_it(folder: RecordFolder) -> None:
    said(folder, "presets", "add", "Lumbar usual", "--by", "A. Example")
    text = proposed(folder, "--preset", "Lumbar usual", region="lumbar")
    with pytest.raises(PrescriptionInvalid, match="needs the body mass"):
        parse_order(text, "proposed")
    order = parse_order(f'{text}body_mass = "80 kg"\n', "proposed")
    assert order.prescription.hold_force_n == pytest.approx(196.1)


@pytest.mark.parametrize(
    ("words", "error", "told"),
    [
        (("--preset", "Nosuch"), RecordNotFound, "preset Nosuch is not on file"),
        (("--patient", "TEST-9"), RecordNotFound, "patient TEST-9 is not on file"),
        (("--patient", "test-1"), PrescriptionInvalid, "'TEST-1' is; if it is"),
        (("--preset", "Cervical mild", "--unit", "Low"), PrescriptionInvalid,
         "preset Cervical mild: hold_force=60 N exceeds 50 N, the force_limit of unit Low"),
        (("--preset", "Cervical mild", "--patient", "TEST-1"), PrescriptionInvalid,
         "preset Cervical mild: maximum_force=80 N exceeds 70 N, the cervical cap of patient"),
        (("--preset", "Old"), RequestRefused, "is no longer in use"),
        (("--preset", "Lumbar"), RequestRefused, "is for the lumbar region, not cervical"),
    ],
)  # fmt: skip
def test_what_does_not_fit_makes_no_order(
    folder: RecordFolder, words: tuple[str, ...], error: type[Exception], told: str
) -> None:
    keep(folder, patient(force_cap={"cervical": "70 N"}))
    keep(folder, example("unit", name="Low", force_limit="50 N"))
    keep(folder, example("preset"))
    keep(folder, example("preset", name="Old", in_use=False))
    keep(folder, example("preset", name="Lumbar", region="lumbar"))
    with pytest.raises(error) as refused:
        proposed(folder, *words)
    assert told in str(refused.value)


def test_the_clinic_s_unit_leads_in_plan_and_refusals_unless_another_one_is_set(
    folder: RecordFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRACTION_FORCE_UNIT")
    keep(folder, example("clinic", force_unit="kgf"))
    keep(folder, patient(force_cap={"cervical": "30 N"}))
    with pytest.raises(RequestRefused, match=r"hold_force=\d+\.\d kgf \(\d+ N\) exceeds 3\.1 kgf"):
        checked(folder, tmp_path)
    keep(folder, patient(), made_from=1)
    assert " kgf (" in checked(folder, tmp_path).splitlines()[0]
    monkeypatch.setenv("TRACTION_FORCE_UNIT", "N")
    assert " N (" in checked(folder, tmp_path).splitlines()[0]
    assert "N leads" in said(folder, "where")
    monkeypatch.delenv("TRACTION_FORCE_UNIT")
    assert "kgf leads" in said(folder, "where")


def test_every_mistake_of_an_order_is_led_by_the_clinic_s_unit(
    folder: RecordFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRACTION_FORCE_UNIT")
    keep(folder, example("clinic", force_unit="lbf"))
    file = tmp_path / "order.toml"
    file.write_text(
        SHORT_CERVICAL + 'maximum_force = "900 N"\npretension_force = "300 N"\n', encoding="utf-8"
    )
    refused = invoke("order", "check", str(file), "--data", str(folder)).exception
    assert isinstance(refused, PrescriptionInvalid)
    assert len(refused.mistakes) > 1
    assert all(" lbf (" in mistake for mistake in refused.mistakes)

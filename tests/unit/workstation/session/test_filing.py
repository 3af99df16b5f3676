"""A session that one program files and another one drives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from controller.errors import PrescriptionInvalid, RecordNotFound, RequestRefused
from records.clinic.clinic_verify import verify_clinic
from records.clinic.session_register import read_register
from records.clinic.visit_steps import StepKind, VisitBegun, VisitStep
from records.evidence.reader import read_session
from records.order.order_file import parse_order
from records.order.planned_order import PlannedOrder
from records.store.author import Author
from records.store.clinic_file import clinic_reading
from records.store.record_folder import RecordFolder
from tests.support.sessions import (
    KEY,
    SETTINGS,
    SHORT_CERVICAL,
    SHORT_LUMBAR,
    Stage,
    fixed_key,
    staged,
)
from tests.support.standing import example, keep
from workstation.session.filing import file_for_table, read_filed
from workstation.session.operators import SessionOperator
from workstation.session.treat import treat
from workstation.session.workplace import FiledSession, Recording, Workplace

ASKER = Author(by="A. Example", user="console", at_utc_ms=1_764_441_600_000, key=KEY)
ORDER = PlannedOrder.of(parse_order(SHORT_CERVICAL, "test"))
STEP = VisitStep(
    visit="visit-1",
    reference="TEST-1",
    kind=StepKind.IDENTIFIED,
    said=(("name", "same"),),
    by="A. Example",
    user="console",
    at_utc_ms=ASKER.at_utc_ms,
)


def workplace(stage: Stage) -> Workplace:
    return Workplace(folder=stage.folder, settings=SETTINGS, clock=stage.clock)


def configured(stage: Stage, **values: object) -> str:
    """A table on file, called as the unit on the stage is; returns the unit's id."""
    unit = stage.connect(stage.uri, stage.clock)
    unit_id = unit.identity.unit_id
    unit.close()
    keep(stage.folder, example("unit", address="modbus-tcp://192.0.2.5:502", unit_id=unit_id))
    return unit_id


def filed(stage: Stage, begun: VisitBegun | None = None) -> FiledSession:
    return file_for_table(
        workplace(stage),
        ORDER,
        "Table 1",
        author=replace(ASKER, key=fixed_key(stage.folder)),
        identifiers=stage.identifiers,
        begun=begun,
    )


def test_what_was_filed_by_another_is_driven_and_nothing_is_filed_again(tmp_path: Path) -> None:
    with staged(RecordFolder(tmp_path)) as stage:
        unit_id = configured(stage)
        begun = VisitBegun(visit="visit-1", steps=(STEP,))
        session = filed(stage, begun=begun)
        planned, steps = read_filed(workplace(stage), session)
        before = stage.folder.clinic_database.read_bytes()
        result = treat(
            stage.uri,
            planned,
            workplace=workplace(stage),
            operator=SessionOperator(scripted=True, show=lambda snapshot: None),
            connect=stage.connect,
            recording=Recording(
                key=fixed_key(stage.folder), commit_interval_s=1.0, begun=steps, filed=session
            ),
        )
        assert stage.folder.clinic_database.read_bytes() == before, "evidence only"
        record = read_session(stage.folder, session.session_id)
        assert result.session_id == session.session_id
        assert record.outcome == "completed"
        assert record.head.unit_id == unit_id
        assert record.opening.detail["patient_key"] == session.patient_key
        assert steps is not None
        assert [step.by for step in steps.steps] == ["A. Example"]
        with clinic_reading(stage.folder) as db:
            register = read_register(db)
        assert [*register.opened] == [session.session_id]
        assert verify_clinic(stage.folder).alterations == ()


def test_an_order_that_was_filed_and_never_run_is_no_alteration(tmp_path: Path) -> None:
    with staged(RecordFolder(tmp_path)) as stage:
        configured(stage)
        filed(stage)
        assert verify_clinic(stage.folder).alterations == ()


@pytest.mark.parametrize(
    "other",
    [{"order_digest": "00" * 32}, {"patient_key": "patient-99"}],
)
def test_an_order_on_file_that_is_not_the_one_asked_for_is_refused(
    tmp_path: Path, other: dict[str, str]
) -> None:
    with staged(RecordFolder(tmp_path)) as stage:
        configured(stage)
        session = replace(filed(stage), **other)
        with pytest.raises(RequestRefused, match="not the one that was asked for"):
            read_filed(workplace(stage), session)
        with pytest.raises(RecordNotFound, match="is not on file"):
            read_filed(workplace(stage), replace(session, session_id="nosuch"))


def test_a_table_that_is_not_configured_gets_no_order(tmp_path: Path) -> None:
    with staged(RecordFolder(tmp_path)) as stage:
        with pytest.raises(RequestRefused, match="'Table 1' is not configured with its unit_id"):
            filed(stage)
        keep(stage.folder, example("unit", address="modbus-tcp://192.0.2.5:502"))
        with pytest.raises(RequestRefused, match="`traction commission`"):
            filed(stage)


def test_an_order_of_another_region_is_not_filed_for_the_table(tmp_path: Path) -> None:
    with staged(RecordFolder(tmp_path)) as stage:
        unit_id = configured(stage)
        unit = example("unit", name="Table 2", unit_id=unit_id[:-1] + "f", regions=["cervical"])
        keep(stage.folder, unit)
        with pytest.raises(PrescriptionInvalid):
            file_for_table(
                workplace(stage),
                PlannedOrder.of(parse_order(SHORT_LUMBAR, "test")),
                "Table 2",
                author=replace(ASKER, key=fixed_key(stage.folder)),
                identifiers=stage.identifiers,
            )
        with clinic_reading(stage.folder) as db:
            assert read_register(db).opened == {}

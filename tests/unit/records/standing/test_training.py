"""Records for training take invented patients and simulated units, from their first day on."""

from __future__ import annotations

from datetime import date

import pytest

from controller.errors import PrescriptionInvalid, RequestRefused, StandingInvalid
from records.order.order_file import parse_order
from records.standing.appointments import plan_days
from records.standing.for_session import standing_for
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from tests.support.standing import appointment_row, example, keep, patient

ADDRESS = "modbus-tcp://127.0.0.1:5020?unit=1"
ORDER = """
patient_reference = "{}"
region = "cervical"
mode = "static"
hold_force = "60 N"
treatment_time = "5 min"
"""


@pytest.fixture
def training(folder: RecordFolder) -> RecordFolder:
    keep(folder, example("clinic", training=True))
    return folder


@pytest.mark.parametrize("reference", ["TEST-1", "train-1", "A-0815", "XTRAIN-1"])
def test_a_patient_who_may_be_real_is_refused(training: RecordFolder, reference: str) -> None:
    with pytest.raises(RequestRefused, match='invented patients are called "TRAIN-"'):
        keep(training, patient(reference=reference))
    assert [*read_standing(training).patients] == []


def test_an_invented_patient_and_a_simulated_table_are_kept(training: RecordFolder) -> None:
    keep(training, patient(reference="TRAIN-1"))
    keep(training, example("unit", address=ADDRESS))
    assert [each.name for each in read_standing(training).units] == ["Table 1"]


@pytest.mark.parametrize(
    "address", ["modbus-tcp://192.0.2.5:502?unit=1", "/dev/ttyUSB0", "tcp://127.0.0.1.example:5"]
)
def test_a_table_of_elsewhere_is_refused(training: RecordFolder, address: str) -> None:
    with pytest.raises(RequestRefused, match="simulated units alone"):
        keep(training, example("unit", address=address))


def test_an_order_of_a_real_reference_is_refused(training: RecordFolder) -> None:
    held = read_standing(training)
    with pytest.raises(PrescriptionInvalid, match="patient_reference 'A-0815' may be a real"):
        standing_for(held, parse_order(ORDER.format("A-0815"), "test"), date(2025, 12, 1))
    standing_for(held, parse_order(ORDER.format("TRAIN-9"), "test"), date(2025, 12, 1))


def test_a_day_s_list_with_a_real_reference_is_refused(training: RecordFolder) -> None:
    row = appointment_row("A-0815", date(1971, 2, 28))
    with pytest.raises(StandingInvalid) as refused:
        plan_days(read_standing(training), [row], date(2025, 12, 1))
    assert "may be a real patient's" in refused.value.rows[0]


def test_training_neither_begins_nor_ends_in_a_folder(
    training: RecordFolder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.raises(RequestRefused, match="from their first day or never"):
        keep(training, example("clinic"), made_from=1)
    other = RecordFolder(tmp_path_factory.mktemp("other"))
    keep(other, patient())
    with pytest.raises(RequestRefused, match="patients are on file here already"):
        keep(other, example("clinic", training=True))

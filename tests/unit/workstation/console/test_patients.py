"""Patients on the console: found, told in words, added, changed, flagged; nothing bad is kept."""

from __future__ import annotations

import pytest

from records.clinic.audit import accesses
from records.standing.kinds import PatientRecord
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from tests.support.console_bench import ConsoleBench
from tests.support.standing import FLAG, keep, patient
from workstation.console.patient_form import patient_groups, said_in, values_of

PATIENT = "/patients/TEST-1"
NEW = {"reference": "A-7", "last_name": "Roe", "first_name": "Ann", "birth_date": "1971-02-28"}


@pytest.fixture
def desk(bench: ConsoleBench) -> ConsoleBench:
    """Somebody sits there."""
    bench.sit_down()
    return bench


def record_of(desk: ConsoleBench, reference: str = "TEST-1") -> PatientRecord:
    found = read_standing(desk.site.folder).patient_exactly(reference)
    assert found is not None
    return found.record


def test_who_has_not_said_a_name_is_asked_and_comes_back(bench: ConsoleBench) -> None:
    answer = bench.client.get(f"{PATIENT}?table=Table%201")
    assert answer.status_code == 303
    asked = answer.headers["location"]
    page = bench.page(asked)
    assert 'value="/patients/TEST-1?table=Table%201"' in page


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("/patients/new", NEW),
        (f"{PATIENT}/change", {**NEW, "reference": "TEST-1", "version": "1"}),
        (f"{PATIENT}/flags", {"kind": "osteoporosis", "note": "T-score -3.1"}),
        ("/emergency", {"reason": "seizure in the waiting room"}),
    ],
)
def test_what_was_typed_stays_where_the_sign_in_ended_meanwhile(
    desk: ConsoleBench, path: str, typed: dict[str, str]
) -> None:
    desk.post("/person/leave")
    refused = desk.client.post(path, data=typed)
    assert refused.status_code == 409
    assert "nobody is signed in here any more" in refused.text
    assert f'action="{path}"' in refused.text
    for name, text in typed.items():
        assert f'<input type="hidden" name="{name}" value="{text}">' in refused.text
    desk.sit_down()
    if path == "/patients/new":
        assert desk.post(path, **typed).startswith("/patients/A-7")


def test_a_reference_leads_to_its_page_and_a_name_to_a_list(desk: ConsoleBench) -> None:
    exact = desk.client.get("/patients", params={"find": "TEST-1"})
    assert (exact.status_code, exact.headers["location"]) == (303, PATIENT)
    assert f'href="{PATIENT}"' in desk.page("/patients?find=jane+1960")
    assert "Nobody on file matches" in desk.page("/patients?find=Smith")
    assert [each.what for each in accesses(desk.site.folder)][-1] == "patient listed"


def test_a_patient_is_shown_in_words_and_the_access_is_kept(
    desk: ConsoleBench, folder: RecordFolder
) -> None:
    keep(folder, patient(flags=[FLAG]), made_from=1)
    page = desk.page(PATIENT)
    assert "osteoporosis (cervical): T-score -3.1, ask before more than 60 N" in page
    assert "None on record." in page
    assert '<input type="hidden" name="reference" value="TEST-1">' in page
    row = accesses(folder)[-1]
    assert (row.what, row.by, row.fields) == ("patient shown", "Pat Jones", ("patient TEST-1",))


def test_a_plan_that_ran_out_is_told(desk: ConsoleBench, folder: RecordFolder) -> None:
    keep(folder, patient(plan={"cert_through": "2020-01-31"}), made_from=1)
    assert "ran out on 2020-01-31" in desk.page(PATIENT)


def test_nobody_is_on_file_under_a_near_reference(desk: ConsoleBench) -> None:
    assert desk.client.get("/patients/test-1").status_code == 409
    assert desk.client.get("/patients/NOBODY").status_code == 404


def test_a_new_patient_is_added_whole(desk: ConsoleBench) -> None:
    more = {
        "payer.kind": "commercial",
        "payer.profile": "commercial",
        "diagnoses": "M50.120, M54.2",
    }
    assert desk.post("/patients/new", **NEW, **more) == "/patients/A-7"
    record = record_of(desk, "A-7")
    assert record.diagnoses == ("M50.120", "M54.2")
    assert record.payer is not None
    assert record.payer.kind == "commercial"
    assert record.address is None


@pytest.mark.parametrize(
    ("field", "typed", "says"),
    [
        ("reference", "", "patient: reference is empty; write it"),
        ("last_name", "", "last_name"),
        ("birth_date", "31.1.1960", "birth_date"),
        ("birth_date", "2999-01-01", "patient A-7: birth_date=2999-01-01 is still to come, and "),
        ("plan.certified_on", "2999-01-01", "plan.certified_on=2999-01-01 is still to come, and "),
        ("phone", "x" * 10_000, "at most 2000; shorten it"),
        ("first_name", "\u202eenaJ", "first_name"),
        ("force_cap.cervical", "45", "force_cap.cervical"),
        ("diagnoses", "neck", "ICD-10"),
        ("reference", "test-1", "TEST-1"),
    ],
)
def test_what_no_record_may_hold_is_refused_and_kept_in_the_form(
    desk: ConsoleBench, field: str, typed: str, says: str
) -> None:
    answer = desk.client.post("/patients/new", data={**NEW, field: typed})
    assert answer.status_code == 422
    fault = answer.text.partition('<p class="fault" role="alert">')[2].partition("</p>")[0]
    assert says in fault
    assert len(fault) < 600
    assert 'value="Roe"' in answer.text or field == "last_name"
    assert read_standing(desk.site.folder).patient_exactly("A-7") is None


def test_a_script_is_text(desk: ConsoleBench) -> None:
    desk.post("/patients/new", **{**NEW, "last_name": "<script>alert(1)</script>"})
    page = desk.page("/patients/A-7")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_command_that_somebody_typed_stays_as_it_was_typed(desk: ConsoleBench) -> None:
    typed = "see `traction today` of Monday"
    desk.post(f"{PATIENT}/flags", kind="note", text=typed, version="1")
    assert typed in desk.client.get(PATIENT).text
    begun = desk.post("/visits", reference="TEST-1")
    assert typed in desk.client.get(f"{begun}/identify").text


def test_a_namesake_needs_a_tick(desk: ConsoleBench) -> None:
    same = {**NEW, "last_name": "Doe", "first_name": "Jane", "birth_date": "1960-01-31"}
    answer = desk.client.post("/patients/new", data=same)
    assert answer.status_code == 422
    assert "TEST-1 has the same names and date of birth" in answer.text
    assert desk.post("/patients/new", **same, another_person="yes") == "/patients/A-7"
    assert "has the same names and day of birth as A-7" in desk.page("/patients/A-7")


def test_a_change_keeps_what_the_form_does_not_say(desk: ConsoleBench) -> None:
    before = record_of(desk)
    page = desk.page(f"{PATIENT}/change")
    assert 'name="version" value="1"' in page
    typed = {**values_of(before), "phone": "555 0100", "payer.name": "", "version": "1"}
    assert desk.post(f"{PATIENT}/change", **typed) == PATIENT
    after = record_of(desk)
    assert after.phone == "555 0100"
    assert after.payer is not None
    assert after.payer.name == ""
    assert after.plan == before.plan


def test_who_was_slower_is_told_and_loses_nothing(desk: ConsoleBench, folder: RecordFolder) -> None:
    keep(folder, patient(phone="1"), made_from=1)
    typed = {**values_of(record_of(desk)), "phone": "2", "version": "1"}
    answer = desk.client.post(f"{PATIENT}/change", data=typed)
    assert answer.status_code == 422
    assert "is newer than the version 1" in answer.text
    assert 'name="phone" value="2"' in answer.text
    assert record_of(desk).phone == "1"


def test_a_flag_is_set_and_ended_by_name(desk: ConsoleBench) -> None:
    said = {"kind": "pregnancy", "text": "ask first", "do_not_treat": "yes", "version": "1"}
    assert desk.post(f"{PATIENT}/flags", **said) == PATIENT
    assert "DO NOT TREAT, pregnancy: ask first; Pat Jones" in desk.page(PATIENT)
    refused = desk.client.post(f"{PATIENT}/flags/1/end", data={"version": "2", "reason": ""})
    assert refused.status_code == 422
    assert "say why flag 1 no longer applies" in refused.text
    desk.post(f"{PATIENT}/flags/1/end", version="2", reason="delivered")
    (flag,) = record_of(desk).flags
    assert flag.ended is not None
    assert flag.ended.by == "Pat Jones"


def test_a_flag_without_words_is_refused_and_kept(desk: ConsoleBench) -> None:
    answer = desk.client.post(f"{PATIENT}/flags", data={"kind": "x", "text": "", "version": "1"})
    assert answer.status_code == 422
    assert 'name="kind" value="x"' in answer.text
    assert record_of(desk).flags == ()


def test_every_key_that_people_type_has_a_field(desk: ConsoleBench) -> None:
    record = record_of(desk)
    keys = {each.key for group in patient_groups() for each in group.fields}
    assert values_of(record).keys() <= keys
    said = said_in(values_of(record))
    assert said["plan"]["cert_through"] == "2099-12-31"
    assert said["accept_assignment"] == "true"

"""The 837P preview: its grammar by pyx12, what pyx12 misses by our own checks, gaps by name."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from controller.errors import ExportIncomplete, ExportRefused
from records.claim.context import ClaimContext
from records.exports.claim.check_837p import check_837p
from records.exports.claim.claim_837p import Made, claim_837p
from records.exports.claim.x12 import amount
from records.exports.formats import written
from records.exports.messages.receiver_maps import Interchange
from tests.support.claims import MADE_AT, made_claim
from tests.support.documents import SESSION_ID as SESSION
from tests.support.documents import made_visit
from tests.support.outside import pyx12_faults
from tests.support.written import BASIC, x12_of

TODAY = MADE_AT.date()
CLAIMS = 200
PAYER = {"kind": "commercial", "profile": "commercial", "name": "Plan", "payer_id": "06102"}
SUBSCRIBER = {"last_name": "Doe", "first_name": "Sam", "member_id": "M1"}
LINE_OF_ITS_OWN = {"cpt": "97012", "charge": "22", "dx_pointers": [1], "pos": "11"}


def test_two_hundred_claims_pass_the_validator() -> None:
    texts = [
        x12_of(
            made_claim(seed),
            session_id=f"{SESSION}{seed}",
            signed=seed % 2 == 0,
            not_ready="NOT READY: T-021, N-03" if seed % 5 == 0 else "",
        )
        for seed in range(CLAIMS)
    ]
    assert len({text.split("CLM*")[1].split("*")[0] for text in texts}) > CLAIMS / 2
    assert pyx12_faults("".join(texts)) == []


def test_the_validator_finds_what_is_broken_in_such_a_file() -> None:
    texts = [x12_of(made_claim(seed)) for seed in range(3)]
    broken = "".join(texts).replace("*UN*1*", "*ZZ*1*", 1)
    assert pyx12_faults(broken) != []


def test_the_claim_and_its_lines_lead_back_to_the_session() -> None:
    text = x12_of(made_claim(1), not_ready="NOT READY: T-021")
    assert f"REF*6R*{SESSION.upper()}-1~" in text
    assert "NTE*ADD*NOT READY T-021~" in text
    assert text == text.upper()


def test_a_claim_that_no_rule_has_looked_at_says_so_in_its_note() -> None:
    unscrubbed = made_visit(context=made_claim(1), scrubbed=False)
    assert b"NTE*ADD*NOT READY NOT SCRUBBED~" in written(unscrubbed, "837p")
    assert b"NTE*" not in written(made_visit(context=made_claim(1)), "837p")


def test_modifiers_of_the_practice_and_accepted_ones_stand_on_the_traction_line_only() -> None:
    lines = [
        {"cpt": "97012", "modifiers": ["GP"], "charge": "22", "dx_pointers": [1], "pos": "11"},
        {"cpt": "97140", "modifiers": [], "charge": "40", "dx_pointers": [1], "pos": "11"},
    ]
    text = x12_of(made_claim(1, lines=lines), accepted=("59", "GP"))
    assert "SV1*HC:97012:59:GP*22*" in text
    assert "SV1*HC:97140*40*" in text


def test_everything_that_is_missing_is_named_at_once() -> None:
    context = made_claim(1, patient=None, billing={"last_name": "Clinic"})
    context = context.model_copy(update={"submitter_id": None})
    with pytest.raises(ExportIncomplete) as refused:
        x12_of(context)
    for name in ("patient", "submitter_id", "billing.npi", "billing.tin", "billing.address"):
        assert name in refused.value.message


def test_a_patient_who_pays_himself_has_no_837p() -> None:
    payer = {"kind": "self_pay", "profile": "commercial", "name": "N", "payer_id": "1"}
    with pytest.raises(ExportIncomplete, match="self_pay"):
        x12_of(made_claim(1, payer=payer))


def test_a_lines_own_rendering_provider_is_refused_because_no_name_is_known() -> None:
    line = {
        "cpt": "97012",
        "charge": "22",
        "dx_pointers": [1],
        "pos": "11",
        "rendering_npi": "1093817465",
    }
    with pytest.raises(ExportIncomplete, match="1093817465"):
        x12_of(made_claim(1, lines=[line]))


@pytest.mark.parametrize(
    ("value", "shown"), [("22.00", "22"), ("22.50", "22.5"), ("0.05", "0.05"), ("100", "100")]
)
def test_amounts_have_no_needless_zeros(value: str, shown: str) -> None:
    assert amount(Decimal(value)) == shown


def test_a_sound_text_has_no_fault() -> None:
    for seed in range(20):
        assert check_837p(x12_of(made_claim(seed)), TODAY) == []


@pytest.mark.parametrize(
    ("check", "old", "new"),
    [
        ("X-01", r"CLM\*([^*]+)\*[0-9.]+\*", r"CLM*\1*1*"),
        ("X-01", r"CLM\*([^*]+)\*[0-9.]+\*", r"CLM*\1*MUCH*"),
        ("X-02", r"627010001", "62701"),
        ("X-02", r"6270[12][0-9]*~", "6270~"),
        ("X-03", r"DMG\*D8\*\d{8}", "DMG*D8*20990101"),
        ("X-03", r"DMG\*D8\*\d{8}", "DMG*D8*19991332"),
        ("X-03", r"DTP\*472\*D8\*\d{8}", "DTP*472*D8*20261125"),
        ("X-04", r"HI\*ABK:M", "HI*ABK:m"),
    ],
)
def test_each_check_finds_its_fault_which_the_validator_may_miss(
    check: str, old: str, new: str
) -> None:
    broken = re.sub(old, new, x12_of(made_claim(3)))
    assert {fault.check_id for fault in check_837p(broken, TODAY)} == {check}


def test_a_claim_of_tomorrow_is_not_x12_of() -> None:
    context = made_claim(1, date_of_service=date(2026, 11, 25))
    with pytest.raises(ExportRefused, match="X-03 date of service"):
        x12_of(context)


@pytest.mark.parametrize("code", ["M51.16", "m5116", "M51 16", "M5116"])
def test_diagnoses_stand_without_dot_however_the_context_writes_them(code: str) -> None:
    line = {"cpt": "97012", "charge": "22", "dx_pointers": [1], "pos": "11"}
    text = x12_of(made_claim(1, diagnoses=[code, "M54.50"], lines=[line]))
    assert "HI*ABK:M5116*ABF:M5450~" in text


# --- characters, numbers and loops of the guide --------------------------------------------------

EXTENDED = Interchange(
    characters="extended", name="Clearing House #1", sender_qualifier="30", receiver_qualifier="28"
)


def segments_of(text: str, name: str) -> list[list[str]]:
    """The elements of every segment whose first ones are those of ``name``."""
    found = [line.rstrip("~").split("*") for line in text.splitlines()]
    wanted = name.split("*")
    return [elements for elements in found if elements[: len(wanted)] == wanted]


def test_a_receivers_characters_and_names_are_its_own_setting() -> None:
    address = {"line_1": "1 Main St. #4 @ rear", "city": "York", "state": "IL", "zip": "62701-0001"}
    context = made_claim(4)
    assert context.billing is not None
    billing = context.billing.model_dump() | {"address": address}
    made = Made(session_id=SESSION, at=MADE_AT, signed=True)
    claim = made_claim(4, billing=billing)
    basic, extended = (claim_837p(claim, made, receiver) for receiver in (BASIC, EXTENDED))
    assert "N3*1 MAIN ST. NO. 4 AT REAR~" in basic.text
    assert any("line_1" in notice and "NO. 4 AT" in notice for notice in basic.notices)
    assert "N3*1 MAIN ST. #4 @ REAR~" in extended.text
    assert not any("line_1" in notice for notice in extended.notices)
    (receiver,) = segments_of(extended.text, "NM1*40")
    assert receiver == ["NM1", "40", "2", "CLEARING HOUSE #1", *[""] * 4, "46", "PAYER01"]
    (head,) = segments_of(extended.text, "ISA")
    assert (head[5], head[7]) == ("30", "28")
    assert pyx12_faults(extended.text) == []


@pytest.mark.parametrize("receiver", [BASIC, EXTENDED], ids=["basic", "extended"])
def test_delimiters_in_names_and_addresses_make_no_segment_and_no_element(
    receiver: Interchange,
) -> None:
    values = made_claim(7, subscriber=None).model_dump(mode="python")
    plain = x12_of(ClaimContext.model_validate(values), receiver)
    for party in ("patient", "billing", "rendering"):
        values[party]["last_name"] += " ~*:^\\|&"
        if values[party]["address"]:
            values[party]["address"]["line_1"] += "~N3*X~ ^:"
    values["payer"]["name"] = "~GE*1*1~Payer"
    odd = x12_of(ClaimContext.model_validate(values), receiver)
    shape = [[len(s.split("*")), s.split("*")[0]] for s in plain.splitlines()]
    assert [[len(s.split("*")), s.split("*")[0]] for s in odd.splitlines()] == shape
    assert pyx12_faults(odd) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"claim_id": "A*B"}, "claim_id"),
        ({"claim_id": "A" * 21}, "claim_id"),
        ({"payer": PAYER | {"payer_id": "1"}}, r"payer\.payer_id"),
        ({"referral_number": "R~1"}, "referral_number"),
        ({"submitter_id": "T:1"}, "submitter_id"),
        ({"diagnoses": ["M51*16"] * 8}, r"diagnoses\.1"),
        ({"rendering": {"last_name": "A", "first_name": "B", "npi": "12*4"}}, r"rendering\.npi"),
        ({"lines": [LINE_OF_ITS_OWN | {"cpt": "97~12"}]}, r"lines\.1\.cpt"),
        ({"lines": [LINE_OF_ITS_OWN | {"modifiers": ["G^"]}]}, r"lines\.1\.modifiers"),
        ({"lines": [LINE_OF_ITS_OWN | {"modifiers": ["GPX"]}]}, r"lines\.1\.modifiers"),
        ({"lines": [LINE_OF_ITS_OWN | {"unit_of_measure": "U:N"}]}, "unit_of_measure"),
    ],
)
def test_a_number_with_a_delimiter_is_refused_by_name(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ExportIncomplete, match=named):
        x12_of(made_claim(1, **changes))


def test_the_account_is_the_practices_or_made_from_the_session() -> None:
    own = segments_of(x12_of(made_claim(1, claim_id="ACC-77")), "CLM")
    assert own[0][1] == "ACC-77"
    made = {
        segments_of(x12_of(made_claim(1, claim_id=session), session_id=session), "CLM")[0][1]
        for session in (f"20261124T16{n:04}Z-0a1b2c" for n in range(1000))
    }
    assert len(made) == 1000
    assert all(re.fullmatch("T[A-Z2-7]{13}", account) for account in made)


@pytest.mark.parametrize(("frequency", "code"), [("corrected", "7"), ("void", "8")])
def test_a_claim_that_replaces_another_names_it(frequency: str, code: str) -> None:
    context = made_claim(1, frequency=frequency, payer_claim_number="CCN-1")
    text = x12_of(context)
    assert segments_of(text, "CLM")[0][5].split(":")[2] == code
    assert segments_of(text, "REF*F8") == [["REF", "F8", "CCN-1"]]
    assert pyx12_faults(text) == []


def test_a_claim_that_names_another_without_replacing_it_is_refused_and_the_reverse() -> None:
    with pytest.raises(ExportIncomplete, match="payer_claim_number"):
        x12_of(made_claim(1, frequency="void", payer_claim_number=None))
    with pytest.raises(ExportIncomplete, match="frequency"):
        x12_of(made_claim(1, frequency=None, payer_claim_number="CCN-1"))
    text = x12_of(made_claim(1, frequency="original", payer_claim_number=None))
    assert segments_of(text, "CLM")[0][5].endswith(":1")
    assert segments_of(text, "REF*F8") == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"referring": {"last_name": "Smith", "npi": "1003000126"}}, "referring.first_name"),
        ({"subscriber": {"last_name": "Doe", "member_id": "M1"}}, "subscriber.first_name"),
        ({"subscriber": SUBSCRIBER | {"address": {"city": "York"}}}, "subscriber.address.line_1"),
        ({"related_causes": ["other"], "accident_date": None}, "accident_date"),
    ],
)
def test_what_only_some_claims_need_is_asked_for(changes: dict[str, Any], named: str) -> None:
    person = {"payer": PAYER, "patient_relationship": "spouse"}
    with pytest.raises(ExportIncomplete, match=f"misses {named}"):
        x12_of(made_claim(1, **person | changes))


def test_date_and_state_of_an_accident_stand_only_beside_one() -> None:
    told = {"accident_date": date(2026, 11, 1), "accident_state": "IL"}
    none = x12_of(made_claim(1, related_causes=["none"], **told))
    assert segments_of(none, "DTP*439") == []
    assert len(segments_of(none, "CLM")[0]) == 10
    work = x12_of(made_claim(1, related_causes=["employment"], **told))
    assert segments_of(work, "CLM")[0][11] == "EM"


def test_an_accident_has_its_cause_its_state_and_its_date() -> None:
    causes = {"related_causes": ["auto", "employment"], "accident_state": "IL"}
    text = x12_of(made_claim(1, **causes, accident_date=date(2026, 11, 1)))
    assert segments_of(text, "CLM")[0][11] == "AA:EM::IL"
    assert segments_of(text, "DTP*439") == [["DTP", "439", "D8", "20261101"]]
    assert pyx12_faults(text) == []
    with pytest.raises(ExportIncomplete, match="accident_state, accident_date"):
        x12_of(made_claim(1, related_causes=["auto"], accident_state=None, accident_date=None))
    with pytest.raises(ExportIncomplete, match="room for three"):
        x12_of(made_claim(1, related_causes=["auto", "employment", "other"]))


def test_a_dependent_has_a_loop_and_of_the_insured_the_name_is_enough() -> None:
    text = x12_of(made_claim(1, payer=PAYER, subscriber=SUBSCRIBER, patient_relationship="spouse"))
    levels = [elements[1:] for elements in segments_of(text, "HL")]
    assert levels == [["1", "", "20", "1"], ["2", "1", "22", "1"], ["3", "2", "23", "0"]]
    assert segments_of(text, "SBR")[0][2] == ""
    assert segments_of(text, "PAT") == [["PAT", "01"]]
    assert segments_of(text, "NM1*IL")[0][3:5] == ["DOE", "SAM"]
    (patient,) = segments_of(text, "NM1*QC")
    assert len(patient) < 9
    assert len(segments_of(text, "DMG")) == 1
    assert text.index("NM1*QC") < text.index("DMG*") < text.index("CLM*")
    assert pyx12_faults(text) == []


@pytest.mark.parametrize("subscriber", [None, SUBSCRIBER])
def test_the_number_of_an_accident_stands_in_the_patients_loop(
    subscriber: dict[str, Any] | None,
) -> None:
    changes = {"payer": PAYER | {"kind": "auto"}, "casualty_claim_number": "C-1"}
    text = x12_of(made_claim(1, **changes, subscriber=subscriber, patient_relationship="spouse"))
    names = [line.partition("*")[0] for line in text.splitlines()]
    place = text.splitlines().index("REF*Y4*C-1~")
    assert (names.count("DMG"), names[place - 1]) == (1, "DMG")
    assert pyx12_faults(text) == []


def test_medicare_has_no_dependents() -> None:
    payer = PAYER | {"kind": "medicare_b"}
    with pytest.raises(ExportIncomplete, match="Medicare insures the patient only"):
        x12_of(made_claim(1, payer=payer, subscriber=SUBSCRIBER, patient_relationship="spouse"))


def test_a_practice_of_one_person_is_a_person_and_a_facility_never_is() -> None:
    context = made_claim(1)
    assert context.billing is not None
    billing = context.billing.model_dump() | {"last_name": "Doe", "first_name": "Lee"}
    facility = billing | {"npi": None}
    text = x12_of(made_claim(1, billing=billing, service_facility=facility))
    for entity in ("41", "85"):
        assert segments_of(text, f"NM1*{entity}")[0][2:5] == ["1", "DOE", "LEE"]
    assert segments_of(text, "NM1*77") == [["NM1", "77", "2", "DOE"]]
    assert segments_of(text, "PER") == [["PER", "IC", "", "TE", "5555550100"]]
    assert pyx12_faults(text) == []


@pytest.mark.parametrize("phone", ["+1 (555) 555-0100", "555.555.0100"])
def test_a_phone_number_has_ten_digits(phone: str) -> None:
    context = made_claim(1)
    assert context.billing is not None
    billing = context.billing.model_dump()
    text = x12_of(made_claim(1, billing=billing | {"phone": phone}))
    assert segments_of(text, "PER")[0][4] == "5555550100"
    with pytest.raises(ExportIncomplete, match=r"ten digits of billing\.phone=555-0100"):
        x12_of(made_claim(1, billing=billing | {"phone": "555-0100"}))

"""Standing records as TOML: reading what was written gives the same records."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import StandingInvalid
from controller.order.prescription import Region
from controller.words import hides
from records.order.order_file import ORDER_KEYS
from records.standing.files import parse_standing, plan_import, record_of, standing_toml
from records.standing.kinds import (
    KINDS,
    TABLES,
    ClinicRecord,
    PatientRecord,
    PresetDose,
    PresetRecord,
    StandingRecord,
    kind_of,
)
from records.standing.versions import (
    StandingData,
    StandingVersion,
    digest_of_record,
    read_standing,
    record_json,
)
from records.store.record_folder import RecordFolder
from tests.support.standing import EXAMPLES, FLAG, PATIENT, example, keep, patient

VISIBLE = st.characters(exclude_categories=["Cs", "Cc"]).filter(lambda c: not hides(c))
WORDS = st.text(VISIBLE, min_size=1, max_size=30)
NAMES = WORDS.map(lambda text: " ".join(text.split())).filter(bool)
DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
NPIS = st.from_regex(r"\A[0-9]{10}\Z")
FORCES = st.sampled_from(["60 N", "23 lbf", "10.4 kgf"])
ADDRESSES = st.fixed_dictionaries({"line_1": WORDS, "city": WORDS})
FLAGS = st.fixed_dictionaries(
    {"kind": WORDS, "text": WORDS, "by": WORDS, "on": DAYS, "do_not_treat": st.booleans()},
    optional={
        "region": st.sampled_from([each.value for each in Region]),
        "ended": st.fixed_dictionaries({"by": WORDS, "on": DAYS, "reason": WORDS}),
    },
)
OF_EACH_KIND: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "clinic": st.fixed_dictionaries(
        {"name": WORDS},
        optional={
            "npi": NPIS,
            "address": ADDRESSES,
            "retention_years": st.integers(0, 100),
            "payers": st.lists(NAMES, max_size=4),
            "billing": st.fixed_dictionaries({"last_name": WORDS}, optional={"npi": NPIS}),
        },
    ),
    "person": st.fixed_dictionaries(
        {"initials": NAMES, "first_name": WORDS, "last_name": WORDS},
        optional={"npi": NPIS, "role": st.sampled_from(["PT", "aide"]), "in_use": st.booleans()},
    ),
    "unit": st.fixed_dictionaries(
        {"name": NAMES, "address": WORDS},
        optional={
            "unit_id": st.from_regex(r"\A[0-9a-f]{16}\Z"),
            "force_limit": FORCES,
            "commissioned": st.lists(
                st.fixed_dictionaries({"on": DAYS, "by": WORDS, "what": WORDS}), max_size=3
            ),
        },
    ),
    "preset": st.fixed_dictionaries(
        {"name": NAMES, "source": WORDS, "region": st.sampled_from(["cervical", "lumbar"])},
        optional={"limits": WORDS},
    ).map(
        lambda said: {
            **said,
            "dose": {"mode": "static", "hold_force": "60 N", "treatment_time": "9 min"},
        }
    ),
    "patient": st.fixed_dictionaries(
        {"reference": NAMES, "first_name": WORDS, "last_name": WORDS, "birth_date": DAYS},
        optional={
            "diagnoses": st.lists(st.sampled_from(["M50.120", "M54.2", "QA0.1"]), max_size=4),
            "plan": st.fixed_dictionaries({}, optional={"certified_on": DAYS}),
            "force_cap": st.fixed_dictionaries({}, optional={"lumbar": FORCES}),
            "flags": st.lists(FLAGS, max_size=3),
            "harness": WORDS,
        },
    ),
    "account": st.one_of(
        st.fixed_dictionaries(
            {
                "account": NAMES,
                "person": NAMES,
                "roles": st.lists(
                    st.sampled_from(["therapist", "aide", "biller", "administrator"]),
                    min_size=1,
                    unique=True,
                ),
            },
            optional={"in_use": st.booleans()},
        ),
        st.fixed_dictionaries({"account": NAMES, "roles": st.just(["script"])}),
    ),
}


@st.composite
def records(draw: st.DrawFn) -> StandingRecord:
    kind = draw(st.sampled_from(sorted(KINDS)))
    return record_of(kind, draw(OF_EACH_KIND[kind]), "drawn")


def version_of(record: StandingRecord, number: int = 1) -> StandingVersion[StandingRecord]:
    return StandingVersion(
        number=number,
        record=record,
        digest=digest_of_record(record_json(record)),
        by="P. Jones",
        user="desk",
        at_utc_ms=0,
        reason="",
        entry=1,
    )


@given(records(), st.integers(1, 1000))
def test_reading_what_was_written_gives_the_same_record(
    record: StandingRecord, number: int
) -> None:
    text = standing_toml([version_of(record, number)])
    (read,) = parse_standing(text, "drawn.toml", kind_of(record))
    assert (read.record, read.version) == (record, number)


@given(st.lists(records(), max_size=4))
def test_reading_it_in_where_it_came_from_changes_nothing(drawn: list[StandingRecord]) -> None:
    held = StandingData(version_of(record) for record in drawn)
    for kind in KINDS:
        found = held.all_of(kind)
        if found:
            plan = plan_import(held, parse_standing(standing_toml(found), "x.toml", kind))
            assert plan.changes == ()
            assert list(plan.unchanged) == [each.name for each in found]


def test_a_file_is_read_in_changed_and_refused_when_it_is_older(folder: RecordFolder) -> None:
    keep(folder, patient())
    text = standing_toml(read_standing(folder).all_of("patient"))
    changed = text.replace("two-piece head halter", "pelvic belt")
    (change,) = plan_import(
        read_standing(folder), parse_standing(changed, "p.toml", "patient")
    ).changes
    assert change.made_from == 1
    keep(folder, patient(harness="another"), made_from=1, by="A. Example")
    with pytest.raises(StandingInvalid, match="made from version 1, and patient TEST-1, version 2"):
        plan_import(read_standing(folder), parse_standing(changed, "p.toml", "patient"))


def test_a_file_without_a_version_adds_and_does_not_change(folder: RecordFolder) -> None:
    keep(folder, patient())
    text = standing_toml([version_of(patient(harness="belt"))]).replace("version = 1\n", "")
    with pytest.raises(StandingInvalid, match="say version = 1"):
        plan_import(read_standing(folder), parse_standing(text, "p.toml", "patient"))
    another = standing_toml([version_of(patient(first_name="John"))]).replace("version = 1\n", "")
    with pytest.raises(StandingInvalid, match="one reference is one patient"):
        plan_import(read_standing(folder), parse_standing(another, "p.toml", "patient"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"birth_date": "1960-02-30"}, "birth_date='1960-02-30'"),
        ({"birthdate": "1960-01-31"}, "did you mean birth_date?"),
        ({"diagnoses": ["neck pain"]}, "diagnoses.1='neck pain'"),
        ({"reference": " TEST-1"}, "blanks at an end"),
        (
            {"force_cap": {"cervical": "80"}},
            "force_cap.cervical='80': has no unit: the unit is missing; write",
        ),
        ({"force_cap": {"cervical": "40 % body weight"}}, "needs the body mass"),
        ({"harness": "halter\u200b"}, "U+200B"),
        ({"last_name": "x" * 101}, "should have at most 100 characters"),
        ({"flags": [{**FLAG, "until": "2020-01-01"}]}, "until=2020-01-01 is before"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(change: dict[str, Any], said: str) -> None:
    with pytest.raises(StandingInvalid) as refused:
        record_of("patient", {**PATIENT, **change}, "file p.toml")
    assert said in refused.value.message
    assert refused.value.message.startswith("file p.toml")


def test_a_preset_is_an_order_that_the_region_allows() -> None:
    assert set(PresetDose.model_fields) < set(ORDER_KEYS)
    for dose, said in (
        ({"hold_force": "300 N"}, 'hold_force="300 N" is outside'),
        ({"hold_force": "60"}, "the unit is missing"),
        ({"mode": "pulsing"}, "is not one of static"),
    ):
        with pytest.raises(StandingInvalid) as refused:
            example("preset", dose={**EXAMPLES["preset"]["dose"], "maximum_force": None, **dose})
        assert said in refused.value.message
    share = {"hold_force": "30 % body weight", "maximum_force": None}
    made = example("preset", region="lumbar", dose={**EXAMPLES["preset"]["dose"], **share})
    assert isinstance(made, PresetRecord)


def test_a_limit_that_was_narrowed_since_leaves_an_old_preset_readable(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from controller.order import prescription

    keep(folder, example("preset"))
    limits = prescription.REGION_LIMITS[Region.CERVICAL]
    narrowed = type(limits)(
        **{
            **{name: getattr(limits, name) for name in limits.__dataclass_fields__},
            "hard_force_n": 50.0,
        }
    )
    monkeypatch.setitem(prescription.REGION_LIMITS, Region.CERVICAL, narrowed)
    with pytest.raises(StandingInvalid):
        example("preset")
    assert read_standing(folder).preset("Cervical mild").record.name == "Cervical mild"


def test_a_file_of_another_kind_is_named() -> None:
    text = standing_toml([version_of(example("unit"))])
    with pytest.raises(StandingInvalid, match=r"table units is not read here"):
        parse_standing(text, "u.toml", "patient")
    with pytest.raises(StandingInvalid, match=r"holds no \[\[patients\]\]"):
        parse_standing("", "u.toml", "patient")


def test_every_kind_has_a_table_and_a_name() -> None:
    assert TABLES.keys() == KINDS.keys()
    for model in KINDS.values():
        assert model.called in ("", *model.model_fields)
    clinic, someone = example("clinic"), patient()
    assert isinstance(clinic, ClinicRecord)
    assert clinic.bills.tin == "12-3456789"
    assert isinstance(someone, PatientRecord)

"""Lasting flags: told until a named person ends them, never changed and never left out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from controller.errors import RequestRefused
from controller.order.prescription import Region
from records.standing.flags import flags_told, with_ended_flag, with_flag
from records.standing.kinds import FlagEnd, LastingFlag, PatientRecord
from records.standing.versions import StandingVersion, read_standing
from records.store.record_folder import RecordFolder
from tests.support.standing import FLAG, keep, patient

DAY = date(2025, 12, 1)
END = FlagEnd(by="A. Example", on=DAY, reason="density measured anew: normal")


def held(folder: RecordFolder, **changes: Any) -> StandingVersion[PatientRecord]:
    keep(folder, patient(flags=[{**FLAG, **changes}]))
    found = read_standing(folder).patient("TEST-1")
    assert found is not None
    return found


def told(version: StandingVersion[PatientRecord], region: Region, day: date) -> list[str]:
    return [flag.words for flag in flags_told(version, region, day)]


def test_a_flag_is_told_in_words_for_its_region_until_its_last_day(folder: RecordFolder) -> None:
    version = held(folder, until="2025-12-24")
    (words,) = told(version, Region.CERVICAL, date(2025, 12, 24))
    assert words == (
        "osteoporosis (cervical): T-score -3.1, ask before more than 60 N; P. Jones on 2025-11-29, "
        "until 2025-12-24"
    )
    assert told(version, Region.CERVICAL, date(2025, 12, 25)) == []
    assert told(version, Region.LUMBAR, DAY) == []


def test_a_flag_of_no_region_is_told_for_every_one_and_may_refuse(folder: RecordFolder) -> None:
    version = held(folder, region=None, do_not_treat=True)
    for region in Region:
        (flag,) = flags_told(version, region, DAY)
        assert flag.refuses
        assert flag.words.startswith("DO NOT TREAT, osteoporosis: ")


def test_a_flag_is_ended_by_a_named_person_with_a_reason_and_stays_readable(
    folder: RecordFolder,
) -> None:
    version = held(folder)
    ended = with_ended_flag(version.record, 1, END)
    keep(folder, ended, made_from=1, by="A. Example")
    now = read_standing(folder).patient("TEST-1")
    assert now is not None
    assert told(now, Region.CERVICAL, DAY) == []
    assert now.record.flags[0].words.endswith(
        "; ended by A. Example on 2025-12-01: density measured anew: normal"
    )
    with pytest.raises(RequestRefused, match=r"was ended by A\. Example"):
        with_ended_flag(now.record, 1, END)


@pytest.mark.parametrize(
    "flags",
    [
        [],
        [{**FLAG, "text": "no longer"}],
        [{**FLAG, "until": "2025-11-30"}],
        [{**FLAG, "region": "lumbar"}],
        [{**FLAG, "kind": "other"}, FLAG],
    ],
)
def test_no_change_leaves_a_flag_out_or_says_something_else_of_it(
    folder: RecordFolder, flags: list[dict[str, Any]]
) -> None:
    held(folder)
    with pytest.raises(RequestRefused, match="flag 1 of patient TEST-1"):
        keep(folder, patient(flags=flags), made_from=1)


def test_an_ended_flag_is_not_brought_back_or_ended_otherwise(folder: RecordFolder) -> None:
    version = held(folder)
    ended = with_ended_flag(version.record, 1, END)
    keep(folder, ended, made_from=1, by="A. Example")
    another = with_ended_flag(version.record, 1, END.model_copy(update={"reason": "other"}))
    for record in (version.record, another):
        with pytest.raises(RequestRefused, match="flag 1"):
            keep(folder, record, made_from=2, by="A. Example")


def test_who_sets_or_ends_a_flag_says_so(folder: RecordFolder) -> None:
    version = held(folder)
    more = LastingFlag.model_validate({**FLAG, "kind": "implant", "by": "Somebody Else"})
    with pytest.raises(RequestRefused, match=r"said by Somebody Else, but P\. Jones writes it"):
        keep(folder, with_flag(version.record, more), made_from=1)
    with pytest.raises(RequestRefused, match=r"ended by A\. Example, but P\. Jones says it"):
        keep(folder, with_ended_flag(version.record, 1, END), made_from=1)


def test_a_flag_that_is_not_there_is_named() -> None:
    with pytest.raises(RequestRefused, match="has 0 flags, and no flag 1"):
        with_ended_flag(patient(), 1, END)

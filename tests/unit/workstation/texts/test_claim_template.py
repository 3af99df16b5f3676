"""The printed claim context: valid as it stands, every key shown, every example accepted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from controller.errors import ClaimContextInvalid
from records.claim.charge_line import context_of_session
from records.claim.context import ClaimContext, Payer
from records.claim.context_file import READERS_KEYS, parse_context
from records.store.record_folder import RecordFolder
from tests.support.sessions import staged
from workstation.texts.claim_template import claim_template

EXAMPLE = parse_context(
    '{"claim_id": "S-1", "payer": {"kind": "commercial", "profile": "commercial"}, '
    '"form": "837P", "date_of_service": "2026-11-24", "lines": [{"cpt": "97012"}]}',
    "claim.json",
)


def keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        for inner in inner_models(field.annotation):
            yield from keys(inner)


def inner_models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from inner_models(argument)


def test_the_template_reads_back_as_the_same_claim(folder: RecordFolder) -> None:
    with staged(folder) as stage:
        visit = stage.visit(stage.treat().session_id)
    made = context_of_session(
        visit.record,
        visit.order,
        visit.note,
        Payer(kind="medicare_b", profile="medicare_b"),
        visit.zone,
    )
    again = parse_context(claim_template(made), "claim.toml")
    assert again.model_dump(exclude=set(READERS_KEYS)) == made.model_dump(exclude=set(READERS_KEYS))
    (line,) = again.lines
    assert (again.diagnoses, line.dx_pointers) == (("M50120",), (1,))
    assert line.started_at is not None
    assert again.date_of_service == line.started_at.date()


def test_every_key_stands_in_the_template() -> None:
    shown = set(re.findall(r"[a-z_0-9]+", claim_template(EXAMPLE)))
    assert set(keys(ClaimContext)) - set(READERS_KEYS) <= shown


def test_every_example_is_accepted() -> None:
    text = claim_template(EXAMPLE)
    uncommented = re.sub(r"(?m)^# (?=[\[a-z_0-9.\]]+(\]|\s=))", "", text)
    assert not re.findall(r"(?m)^# [a-z_0-9.]+ = ", uncommented)
    with pytest.raises(ClaimContextInvalid, match="keep one"):
        parse_context(uncommented, "claim.toml")
    context = parse_context(re.sub("therapy_ytd_allowed = .*", "", uncommented), "claim.toml")
    assert context.threshold_check is not None
    assert context.subscriber is not None
    assert context.device is not None
    assert [line.cpt for line in context.other_lines_same_day] == ["97140"]

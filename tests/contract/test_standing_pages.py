"""The page of standing data has every key of every record, and no other."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from records.standing.kinds import KINDS, LastingFlag
from tests.support.pages import code_names, read, sections


@pytest.mark.parametrize("model", [*KINDS.values(), LastingFlag], ids=lambda model: model.__name__)
def test_every_key_of_a_standing_record_is_documented(model: type[BaseModel]) -> None:
    page = sections(read("reference/standing-data.md"))
    (text,) = [body for heading, body in page.items() if f"(`{model.__name__}`)" in heading]
    assert code_names(text) == set(model.model_fields)

"""The page of standing data has every key of every record, and no other key."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from records.accounts.rights import RIGHTS, Right
from records.standing.kinds import KINDS, LastingFlag
from tests.support.pages import code_names, read, sections
from workstation.console.page_rights import PAGE_RIGHTS


@pytest.mark.parametrize("model", [*KINDS.values(), LastingFlag], ids=lambda model: model.__name__)
def test_every_key_of_a_standing_record_is_documented(model: type[BaseModel]) -> None:
    page = sections(read("reference/standing-data.md"))
    (text,) = [body for heading, body in page.items() if f"(`{model.__name__}`)" in heading]
    assert code_names(text) == set(model.model_fields)


def test_the_page_of_accounts_has_the_table_of_rights() -> None:
    page = sections(read("reference/accounts.md"))["Roles"]
    rows = ["may", "---", *(right.value for right in Right)]
    table = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    assert table[0][1:] == [*RIGHTS]
    assert [row[0] for row in table] == rows
    for right, row in zip(Right, table[2:], strict=True):
        assert row[1:] == ["yes" if right in own else "-" for own in RIGHTS.values()]


def test_the_page_of_accounts_has_the_right_of_every_address() -> None:
    text = sections(read("reference/accounts.md"))["At the console"]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    said = {address.strip("`"): right for right, named in rows[2:] for address in named.split(", ")}
    assert said == {name: right.value for name, right in PAGE_RIGHTS.items() if right is not None}

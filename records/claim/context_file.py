"""Reads a ClaimContext from JSON, CSV or TOML; every refusal names file, key and next step.

CSV has one row for each service. A column is a key of the context with dots ("payer.kind"); the
columns of the service begin with "line."; the column "list" is "lines" (this claim, also when it is
empty) or "other_lines_same_day". A claim's values may be in one row or in all of them. Lists inside
a cell are separated by spaces or "|".
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from controller.errors import ClaimContextInvalid
from records.checked_data import checked, csv_faults, digest_of, parse_toml, read_text
from records.claim.account import account_number
from records.claim.context import ClaimContext

LIST_COLUMNS = frozenset(
    {
        "diagnoses",
        "related_causes",
        "line.modifiers",
        "line.dx_pointers",
        "authorization.cpt_codes",
    }
)
LISTS = ("lines", "other_lines_same_day")
READERS_KEYS = ("source", "source_digest")
NEW_FILE = "`traction claim new SESSION` prints one with every key"


class ImportedClaim(NamedTuple):
    """What the practice's system knows of a claim, as in its file."""

    text: str
    name: str
    """Of the file; its ending tells the format."""

    @classmethod
    def of_bytes(cls, content: bytes, name: str) -> ImportedClaim:
        """Returns an upload without a path.

        Raises ClaimContextInvalid for anything but text.
        """
        try:
            return cls(content.decode("utf-8-sig"), name)
        except UnicodeDecodeError as error:
            raise ClaimContextInvalid(
                f"claim context {name} cannot be read (not UTF-8 text); check its name and form"
            ) from error

    def context(self, session_id: str) -> ClaimContext:
        """Returns the claim; of a CSV with several, the session's. Raises ClaimContextInvalid."""
        return parse_context(self.text, self.name, session_id)


def imported_claim(path: Path) -> ImportedClaim:
    """Returns a claim's file, read; raises ClaimContextInvalid."""
    return ImportedClaim(read_text(path, "claim context", ClaimContextInvalid), path.name)


def parse_context(text: str, name: str, session_id: str | None = None) -> ClaimContext:
    """Returns a claim's text; ``name``'s ending tells its format. Raises ClaimContextInvalid."""
    where = f"claim context {name}"
    data = _parsed(text, where, Path(name).suffix.lower(), session_id)
    for key in READERS_KEYS:
        if key in data:
            raise ClaimContextInvalid(f"{where}: key {key} is set by the program; remove it")
    data |= {"source": name, "source_digest": digest_of(text)}
    return checked(ClaimContext, data, where, ClaimContextInvalid)


def _parsed(text: str, where: str, suffix: str, session_id: str | None) -> dict[str, Any]:
    if suffix == ".csv":
        return _from_csv(text, where, session_id)
    if suffix == ".toml":
        return parse_toml(text, where, ClaimContextInvalid)
    if suffix == ".json":
        return _from_json(text, where)
    raise ClaimContextInvalid(
        f"{where}: its ending {suffix!r} is not .json, .csv or .toml; rename it, or {NEW_FILE}"
    )


def _from_json(text: str, where: str) -> dict[str, Any]:
    try:
        data = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise ClaimContextInvalid(f"{where}: not valid JSON ({error}); correct it") from error
    if not isinstance(data, dict):
        raise ClaimContextInvalid(f"{where}: the whole file must be one object; {NEW_FILE}")
    return data


def _from_csv(text: str, where: str, session_id: str | None) -> dict[str, Any]:
    rows = _rows(text, where)
    found = list(dict.fromkeys(row["claim_id"] for row in rows if row.get("claim_id")))
    if len(found) < 2:
        return _claim(rows, where)
    called = (session_id, account_number(session_id)) if session_id else ()
    chosen = next((name for name in called if name in found), None)
    if chosen is None:
        raise ClaimContextInvalid(
            f"{where}: holds {len(found)} claims and none has claim_id="
            f"{' or '.join(map(repr, called)) or repr('')}; "
            f"keep the rows of one (the first is {found[0]!r})"
        )
    return _claim([row for row in rows if row.get("claim_id") == chosen], where)


def _rows(text: str, where: str) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    with csv_faults(reader, where, ClaimContextInvalid):
        rows = [dict(row) for row in reader]
    names = [name or "" for name in reader.fieldnames or ()]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ClaimContextInvalid(f"{where}: column {min(twice)!r} stands twice; remove one")
    for number, row in enumerate(rows, start=2):
        if any(not isinstance(cell, str) for cell in row.values()) or None in row:
            raise ClaimContextInvalid(
                f"{where}: row {number} does not have {len(names)} cells; correct it"
            )
    if not rows:
        raise ClaimContextInvalid(f"{where}: holds no row below its head; add one for each service")
    return rows


def _claim(rows: Iterable[Mapping[str, str]], where: str) -> dict[str, Any]:
    claim: dict[str, Any] = {}
    for number, row in enumerate(rows, start=1):
        line: dict[str, Any] = {}
        for column, cell in row.items():
            if not cell.strip() or column == "list":
                continue
            value = cell.replace("|", " ").split() if column in LIST_COLUMNS else cell.strip()
            if column.startswith("line."):
                line[column.removeprefix("line.")] = value
            else:
                _put(claim, column, value, f"{where}: row {number} of the claim")
        if line:
            claim.setdefault(_list_name(row, where), []).append(line)
    return claim


def _list_name(row: Mapping[str, str], where: str) -> str:
    name = (row.get("list") or "").strip() or LISTS[0]
    if name not in LISTS:
        raise ClaimContextInvalid(f"{where}: list={name!r} is not one of {', '.join(LISTS)}")
    return name


def _put(claim: dict[str, Any], column: str, value: Any, where: str) -> None:
    """Set a dotted key; a second row may repeat it, not change it."""
    *groups, key = column.split(".")
    place = claim
    for group in groups:
        place = place.setdefault(group, {})
        if not isinstance(place, dict):
            raise ClaimContextInvalid(f"{where}: column {column!r} leads through a value")
    if place.setdefault(key, value) != value:
        raise ClaimContextInvalid(
            f"{where}: {column}={value!r} differs from {place[key]!r} of a row above; "
            "one claim has one value"
        )

"""Checks documents against the published schema of a command's JSON."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema

from tests.support.real_time import ROOT

SCHEMAS = ROOT / "docs" / "reference" / "json"


def check_shape(document: dict[str, Any]) -> str:
    """Check a document against the schema that its format names; returns the schema's name."""
    name = str(document["format"]).removeprefix("traction-").removesuffix("/1")
    _validator(name).validate(document)
    return name


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    """Made once for each schema, because checking the schema itself is expensive."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)

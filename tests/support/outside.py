"""Third-party readers of the exports' formats: what they reject and what they read."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import fhirkit
import hl7
import x12
from fhir.resources.R4B.bundle import Bundle
from hl7apy.exceptions import HL7apyException
from hl7apy.parser import parse_message
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from pyx12.map_if import load_map_file
from pyx12.params import ParamsBase
from pyx12.x12n_document import x12n_document

from tests.support.pages import DOCS


def pyx12_faults(text: str) -> list[str]:
    """The errors of pyx12, which implements the guide 005010X222A1, with their texts."""
    logging.getLogger("pyx12").setLevel(logging.CRITICAL + 1)
    report = io.StringIO()
    with patch("pyx12.map_if.load_map_file", _guide):
        sound = x12n_document(ParamsBase(), io.StringIO(text), io.StringIO(), None, fd_json=report)
    found = [text for key, text in _pairs(json.loads(report.getvalue())) if key == "err_str"]
    assert sound == (not found)
    return found


def _guide(name: str, *_: object) -> object:
    """Read a guide only once: pyx12 would read its 10 000 lines again for every text.

    Reading a claim counts in a counter of its own and changes nothing in the guide.
    """
    return _read_guide(name)


@cache
def _read_guide(name: str) -> object:
    return load_map_file(name, ParamsBase())


def x12_elements(text: str) -> list[list[str]]:
    """Segments and elements as ansi-x12 reads them; raises X12Error for inconsistent envelopes."""
    document = x12.tokenize_x12(text.encode("ascii"))
    interchange = x12.parse_x12_interchange(document)
    assert x12.inspect_x12_interchange(interchange).total_transaction_count == 1
    return [
        [part.decode() for part in (segment.tag.encode(), *segment.elements)]
        for segment in document.segments
    ]


def hl7apy_faults(text: str) -> list[str]:
    """The errors of hl7apy, which knows the messages of 2.5.1."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.txt"
        try:
            parse_message(text, find_groups=True).validate(report_file=str(report))
        except HL7apyException as error:
            return [str(error)]
        return [line for line in report.read_text("utf-8").splitlines() if line.startswith("Error")]


def hl7_component(text: str, place: tuple[str, int, int]) -> str:
    """A component of a segment's first field, unescaped, as python-hl7 reads it."""
    message = hl7.parse(text)
    segment, field, component = place
    read = message.segment(segment)[field][0]
    value = str(read[component - 1]) if isinstance(read, list) else str(read)
    unescaped: str = message.unescape(value)
    return unescaped


def r4_faults(text: str) -> list[str]:
    """Errors reported by fhirkit, made from the definitions of R4 (4.0.1), and by R4B models."""
    found = [str(issue) for issue in fhirkit.validate(text)]
    try:
        Bundle.model_validate_json(text)
    except ValidationError as error:
        found.append(str(error))
    return found


def schema_faults(document: object, form: str = "session") -> list[str]:
    """Errors that jsonschema reports against the published schema of a session or a visit."""
    found = _validator(form).iter_errors(document)
    return [f"{error.json_path}: {error.message}" for error in found]


@cache
def _validator(form: str) -> Draft202012Validator:
    schema = json.loads((DOCS / "reference" / f"{form}.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def csv_rows(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    """The rows below the header."""
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key, item
            yield from _pairs(item)
    elif isinstance(value, list):
        for item in value:
            yield from _pairs(item)

"""The order file: what the clinician wants, in TOML, validated once on loading."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from controller.errors import PrescriptionInvalid, RequestRefused
from controller.order.prescription import Mode, Prescription, Region, Table
from controller.words import TEXT_CHARACTERS
from records.order.file_words import check_lines, check_words
from records.order.order import DIAGNOSIS, Order
from records.order.quantities import force_n, mass_kg, rate_n_per_s, time_s

DEFAULT_RAMPS = {Region.CERVICAL: ("10 N/s", "20 N/s"), Region.LUMBAR: ("30 N/s", "60 N/s")}
"""Ramp up and down when the order says nothing (plant.md#parameters)."""
Text = Annotated[str, Field(max_length=TEXT_CHARACTERS)]


class _OrderFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    region: str
    mode: str
    hold_force: str
    treatment_time: str
    rest_force: str | None = None
    hold_time: str | None = None
    rest_time: str | None = None
    ramp_up: str | None = None
    ramp_down: str | None = None
    pretension_force: str = "15 N"
    pretension_time: str = "10 s"
    maximum_force: str | None = None
    progressive_steps: int = 0
    regressive_steps: int = 0
    step_time: str | None = None
    body_mass: str | None = None
    table: str | None = None
    patient_reference: Text = ""
    positioning: Text = ""
    harness: Text = ""
    diagnosis: list[str] = Field(default=[], max_length=12)
    symptoms: Text = ""
    rationale: Text = ""
    screening: Text = ""
    set_up_by: Text = ""
    supervised_by: Text = ""


ORDER_KEYS = tuple(_OrderFile.model_fields)
_QUANTITY_KEYS = (
    "hold_force",
    "rest_force",
    "hold_time",
    "rest_time",
    "treatment_time",
    "ramp_up",
    "ramp_down",
    "pretension_force",
    "pretension_time",
    "maximum_force",
    "body_mass",
    "step_time",
)


def read_order(path: Path) -> Order:
    """Read and check an order file; raises PrescriptionInvalid naming file, key and next step.

    This is the entry point: the words of an order that was filed already are not checked again.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise PrescriptionInvalid(
            f"order file {path} cannot be read ({reason}); "
            "make one with: traction order new --region cervical"
        ) from error
    return parse_entered_order(text, path.name)


def parse_entered_order(text: str, name: str) -> Order:
    """Check the text of an order that comes in now, its words too; raises PrescriptionInvalid."""
    _check_words(text, name)
    return parse_order(text, name)


def _check_words(text: str, name: str) -> None:
    try:
        check_words(tomllib.loads(text))
        check_lines(text)
    except tomllib.TOMLDecodeError:
        return  # parse_order says where
    except RequestRefused as error:
        raise PrescriptionInvalid(f"order {name}: {error.message}") from error


def parse_order(text: str, name: str) -> Order:
    """Check an order's text; ``name`` stands in the messages. Raises PrescriptionInvalid."""
    try:
        file = _OrderFile.model_validate(tomllib.loads(text))
        return _order(file, text)
    except tomllib.TOMLDecodeError as error:
        raise PrescriptionInvalid(f"order {name}: not valid TOML ({error}); correct it") from error
    except ValidationError as error:
        raise PrescriptionInvalid(f"order {name}: {_first_fault(error)}") from error
    except PrescriptionInvalid as error:
        raise PrescriptionInvalid(f"order {name}: {error.message}") from error


def _order(file: _OrderFile, text: str) -> Order:
    for code in file.diagnosis:
        if not DIAGNOSIS.fullmatch(code):
            raise PrescriptionInvalid(
                f'diagnosis="{code}" does not have the shape of an ICD-10-CM code; '
                'write it with its dot, as in "A00.0"'
            )
    return Order(
        prescription=_prescription(file),
        as_entered={
            key: value for key in _QUANTITY_KEYS if (value := getattr(file, key)) is not None
        },
        patient_reference=file.patient_reference,
        positioning=file.positioning,
        harness=file.harness,
        diagnosis=tuple(file.diagnosis),
        symptoms=file.symptoms,
        rationale=file.rationale,
        screening=file.screening,
        set_up_by=file.set_up_by,
        supervised_by=file.supervised_by,
        source_text=text,
    )


def _prescription(file: _OrderFile) -> Prescription:
    region = _choice("region", file.region, Region)
    mode = _choice("mode", file.mode, Mode)
    mass = None if file.body_mass is None else mass_kg("body_mass", file.body_mass)
    ramp_up, ramp_down = DEFAULT_RAMPS[region]

    def optional_force(key: str) -> float | None:
        text = getattr(file, key)
        return None if text is None else force_n(key, text, mass)

    def optional_time(key: str) -> float:
        text = getattr(file, key)
        return 0.0 if text is None else time_s(key, text)

    return Prescription(
        region=region,
        mode=mode,
        hold_force_n=force_n("hold_force", file.hold_force, mass),
        rest_force_n=optional_force("rest_force") or 0.0,
        hold_s=optional_time("hold_time"),
        rest_s=optional_time("rest_time"),
        treatment_s=time_s("treatment_time", file.treatment_time),
        ramp_up_n_per_s=rate_n_per_s("ramp_up", file.ramp_up or ramp_up),
        ramp_down_n_per_s=rate_n_per_s("ramp_down", file.ramp_down or ramp_down),
        pretension_force_n=force_n("pretension_force", file.pretension_force, mass),
        pretension_s=time_s("pretension_time", file.pretension_time),
        maximum_force_n=optional_force("maximum_force"),
        body_mass_kg=mass,
        progressive_steps=file.progressive_steps,
        regressive_steps=file.regressive_steps,
        step_s=optional_time("step_time"),
        table=None if file.table is None else _choice("table", file.table, Table),
    )


def _choice(key: str, text: str, choices: type[Any]) -> Any:
    try:
        return choices(text)
    except ValueError as error:
        known = ", ".join(choice.value for choice in choices)
        raise PrescriptionInvalid(f'{key}="{text}" is not one of {known}; correct it') from error


def _first_fault(error: ValidationError) -> str:
    """Returns one fault as text; an unknown key first, as a misspelt key is also a missing one."""
    faults = error.errors()
    fault = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
    key = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        near = get_close_matches(key, ORDER_KEYS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(ORDER_KEYS)}"
        return f"key {key} is not known; {hint}"
    if fault["type"] == "missing":
        return f"key {key} is missing; add it (traction order new prints every key)"
    if fault["type"] == "string_too_long":
        return f"{key} has {len(fault['input'])} characters, at most {TEXT_CHARACTERS}; shorten it"
    if fault["type"] == "int_type":
        return f"{key}={fault['input']!r} must be a whole number without quotes, as in 3"
    if fault["type"] == "string_type":
        return f'{key}={fault["input"]!r} must be text in quotes with its unit, as in "20 N"'
    return f"{key}: {fault['msg']}; correct it"

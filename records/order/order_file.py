"""The order file: what the clinician wants, in TOML, validated once on loading."""

# No string annotations: pydantic would compile each of them when the program is loaded.
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from controller.errors import PrescriptionInvalid
from controller.order.prescription import Mode, Prescription, Region, Table
from controller.words import TEXT_CHARACTERS
from records.order.file_words import line_faults, word_faults
from records.order.mistakes import in_words, misread, refusal
from records.order.order import DIAGNOSIS, Order
from records.order.quantities import BODY_WEIGHT, force_n, mass_kg, rate_n_per_s, time_s
from records.order.toml_lines import parsed_lines

DEFAULT_RAMPS = {Region.CERVICAL: ("10 N/s", "20 N/s"), Region.LUMBAR: ("30 N/s", "60 N/s")}
"""Ramp up and down when the order gives none (plant.md#parameters)."""
BYTE_ORDER_MARK = "\ufeff"
"""Put before a text by some editors; not part of it."""
Choice = TypeVar("Choice", bound=Enum)
Text = Annotated[str, Field(max_length=TEXT_CHARACTERS)]


class _OrderFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

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


_IN_PLACE_OF_WHAT_FAILED = {
    "region": "cervical",
    "mode": "intermittent",
    "hold_force": "100 N",
    "treatment_time": "15 min",
}
"""Required keys get these while the rest of a refused file is checked; no order is made of it."""


def read_order(path: Path) -> Order:
    """Read and check an order file; raises PrescriptionInvalid naming every mistake and its repair.

    This is the entry point: the texts of an order that was filed already are not checked again.
    """
    try:
        text = path.read_text(encoding="utf-8").removeprefix(BYTE_ORDER_MARK)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise PrescriptionInvalid(
            f"order file {path} cannot be read ({reason}); "
            "make one with `traction order new --region cervical`"
        ) from error
    return parse_entered_order(text, path.name)


def parse_entered_order(text: str, name: str) -> Order:
    """Check the text of a new order, including hidden characters; raises PrescriptionInvalid."""
    document, mistakes = parsed_lines(text)
    words = [] if mistakes else [*word_faults(document)] or [*line_faults(text)]
    return _order(text, name, words)


def parse_order(text: str, name: str) -> Order:
    """Check an order's text; messages name it ``name``. Raises PrescriptionInvalid."""
    return _order(text, name, [])


def _order(text: str, name: str, words: list[str]) -> Order:
    """Returns the order, unless there are mistakes; ``words`` are those found before."""
    document, mistakes = parsed_lines(text)
    reading = _Reading(document, [*words, *mistakes])
    prescription = None
    if document or not mistakes:
        reading.check_diagnosis()
        prescription = reading.prescription()
    if reading.mistakes or prescription is None:
        raise refusal(name, reading.mistakes)
    file = reading.file
    return Order(
        prescription=prescription,
        as_entered=reading.as_entered,
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


class _Reading:
    """One reading of a file: its content as far as it can be read, and every mistake."""

    def __init__(self, document: dict[str, Any], mistakes: list[str]) -> None:
        self.mistakes = mistakes
        self._failed: set[str] = set()
        self.file = self._checked(document)
        said = {key: getattr(self.file, key) for key in _QUANTITY_KEYS}
        self.as_entered: dict[str, str] = {key: text for key, text in said.items() if text}
        self._mass_kg = self._quantity("body_mass", mass_kg)

    def check_diagnosis(self) -> None:
        """Yields every code with an invalid form."""
        for code in self.file.diagnosis:
            if not DIAGNOSIS.fullmatch(code):
                self.mistakes.append(
                    f'diagnosis="{code}" does not have the shape of an ICD-10-CM code; '
                    'write it with its dot, as in "A00.0"'
                )

    def prescription(self) -> Prescription | None:
        """Returns the dose.

        None where a rule is broken. A rule over a key that failed is left out.
        """
        try:
            return self._prescription()
        except PrescriptionInvalid as error:
            for fault in error.faults:
                if not fault.rests_on & self._failed:
                    self.mistakes.append(in_words(fault, self.as_entered, self._mass_kg))
            return None

    def _prescription(self) -> Prescription:
        file = self.file
        region = self._choice("region", file.region, Region) or Region.CERVICAL
        mode = self._choice("mode", file.mode, Mode) or Mode.INTERMITTENT
        ramp_up, ramp_down = DEFAULT_RAMPS[region]
        return Prescription(
            region=region,
            mode=mode,
            hold_force_n=self._force("hold_force") or 0.0,
            rest_force_n=self._force("rest_force") or 0.0,
            hold_s=self._quantity("hold_time", time_s) or 0.0,
            rest_s=self._quantity("rest_time", time_s) or 0.0,
            treatment_s=self._quantity("treatment_time", time_s) or 0.0,
            ramp_up_n_per_s=self._rate("ramp_up", ramp_up),
            ramp_down_n_per_s=self._rate("ramp_down", ramp_down),
            pretension_force_n=self._force("pretension_force") or 0.0,
            pretension_s=self._quantity("pretension_time", time_s) or 0.0,
            maximum_force_n=self._force("maximum_force"),
            body_mass_kg=self._mass_kg,
            progressive_steps=file.progressive_steps,
            regressive_steps=file.regressive_steps,
            step_s=self._quantity("step_time", time_s) or 0.0,
            table=None if file.table is None else self._choice("table", file.table, Table),
        )

    def _checked(self, document: dict[str, Any]) -> _OrderFile:
        """Returns the file by its keys; values of a wrong form are taken out and named."""
        try:
            return _OrderFile.model_validate(document)
        except ValidationError as error:
            said, failed = misread(error.errors(), ORDER_KEYS)
            self.mistakes += said
            self._failed |= failed
            kept = {key: value for key, value in document.items() if key not in self._failed}
            return _OrderFile.model_validate({**_IN_PLACE_OF_WHAT_FAILED, **kept})

    def _force(self, key: str) -> float | None:
        if "body_mass" in self._failed and BODY_WEIGHT[0] in self.as_entered.get(key, ""):
            self._failed.add(key)
            return None
        return self._quantity(key, lambda name, text: force_n(name, text, self._mass_kg))

    def _rate(self, key: str, default: str) -> float:
        own = self._quantity(key, rate_n_per_s)
        return rate_n_per_s(key, default) if own is None else own

    def _quantity(self, key: str, read: Callable[[str, str], float]) -> float | None:
        """Returns a number with its unit; None where it is missing or cannot be read."""
        text = getattr(self.file, key)
        if text is None:
            return None
        try:
            return read(key, text)
        except PrescriptionInvalid as error:
            self.mistakes.append(error.message)
            self._failed.add(key)
            return None

    def _choice(self, key: str, text: str, choices: type[Choice]) -> Choice | None:
        try:
            return choices(text)
        except ValueError:
            near = [each for each in choices if each.value == text.strip().lower()]
            known = ", ".join(choice.value for choice in choices)
            repair = f'write "{near[0].value}"' if near else "correct it"
            self.mistakes.append(f'{key}="{text}" is not one of {known}; {repair}')
            self._failed.add(key)
            return None

"""Writes the pages of instruments from data: ``python -m tools.instruments_page``.

``docs/reference/instruments.md`` whole, and the table of faults of device-profile-instruments.md.
A test compares both with what this makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from controller.telemetry import InstrumentFault
from firmware_bridge.force_decoding.decoded import FAULT_TEXTS
from firmware_bridge.profile_kinds.gauge import GaugeProfile
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile
from firmware_bridge.profiles import load_profile, shipped_names

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "instruments.md"
KEYS_PAGE = ROOT / "docs" / "reference" / "device-profile-instruments.md"
FAULTS_HEADING = "## Readings that are not a force\n"
HEAD = """\
# Shipped instruments

Made by `tools/instruments_page.py` from the files in `firmware_bridge/device_profiles/`.

**None of these profiles was tested on a real instrument.** Their sources are named below:
grade `manual` is a page of a maker's manual, `third_party` another party's driver or page,
`unconfirmed` general knowledge, `ours` a decision made here
([all grades](device-profile-instruments.md)). A frame is a sequence of bytes printed in a source;
cases without one are tested with bytes written by hand from the source's tables. A model for which
no source prints a frame with a force is not shipped.

The simulated instruments are based on the same sources. They test the program, not the sources. To
add another model, [write a file](../how-to/add-an-instrument.md).
"""

NO_FRAME = "no frame with a force in the sources seen"
BY_ITSELF = "it sends without being asked, which no kind of profile describes"
NOT_SHIPPED = (
    ("CAS CI-600D", f"register 40014 holds a raw count where the TLB family has units; {NO_FRAME}"),
    (
        "CAS CI-400, NT-500",
        "the manual prints the layout of its 22 characters, one of them above 7Fh, and the eight "
        "of a value; public drivers make up the rest",
    ),
    ("Seneca Z-SG, Z-SG2", f"the manual contradicts itself on the word order; {NO_FRAME}"),
    ("Pavone DAT 100, DAT 400, DAT 700", f"tables of registers; {NO_FRAME}"),
    (
        "Imada ZTS",
        "public drivers ask XAR and take the value from characters 2 to 7 of 21; none prints an "
        "answer; that it answers to D as the ZTA does is in no source",
    ),
    ("Lutron FG-5000, FG-6000SD", f"16 characters, 1 to 3 a second; {BY_ITSELF}"),
    ("Mecmesin AFG, CFG+; Dillon AFG", f"commands only (? asks); {NO_FRAME}"),
    ("Dillon GS", f"commands only (l asks); {NO_FRAME}"),
    ("Andilog Centor Touch, Centor Dual", f"commands only (F asks); {NO_FRAME}"),
    ("Tecsis EZE30", "the page prints a line of zeros only: it shows neither sign nor decimals"),
    (
        "Rinstrum R320",
        f"its manual has the request of the profile rinstrum_text; {NO_FRAME}",
    ),
    (
        "Laumas and Bosche, continuous text",
        f"{BY_ITSELF}; what is asked comes with the program (laumas_text)",
    ),
    ("Flintec DAD 141.1, Modbus", f"{NO_FRAME}; its text protocol comes with the program"),
)
"""Models that were looked at and do not come with the program, and why."""
NOT_SHIPPED_HEAD = """\
## Models that are not shipped

These models were examined and left out, because an error in the position of the sign would first
be noticed on a patient. If you have one of them and its manual, you can [describe
it](../how-to/add-an-instrument.md); what is missing here is a frame with a force and its source.

| model | reason |
| --- | --- |
"""


def page() -> str:
    """The complete page of shipped instruments."""
    return "\n".join(_lines()) + "\n"


def faults() -> str:
    """The table of faults."""
    rows = [f"| `{fault.value}` | {FAULT_TEXTS[fault]} |" for fault in InstrumentFault]
    return "\n".join(["| fault | the message says |", "| --- | --- |", *rows]) + "\n"


def keys_page(text: str) -> str:
    """The page of keys with its table of faults brought up to date."""
    before, _, after = text.partition(FAULTS_HEADING)
    prose, _, _ = after.partition("\n| fault |")
    return before + FAULTS_HEADING + prose.removesuffix("FAULTS\n").rstrip("\n") + "\n\n" + faults()


def _lines() -> Iterator[str]:
    yield HEAD
    yield "| profile | kind | models | frames of sources | frames missing |"
    yield "| --- | --- | --- | --- | --- |"
    instruments = list(shipped_instruments())
    for one in instruments:
        shown = ", ".join(dict.fromkeys(example.case for example in one.examples))
        missing = ", ".join(one.frames_missing) or "none"
        models = ", ".join(one.models)
        yield f"| [{one.name}](#{one.name}) | {one.kind} | {models} | {shown} | {missing} |"
    for one in instruments:
        yield ""
        yield from _section(one)
    yield ""
    yield NOT_SHIPPED_HEAD + "\n".join(f"| {model} | {why} |" for model, why in NOT_SHIPPED)


def _section(one: TransmitterProfile | GaugeProfile) -> Iterator[str]:
    yield f"## {one.name}"
    yield ""
    yield f"{one.title}. It has to be set to {one.unit.expected}."
    yield ""
    for caveat in one.caveats:
        yield f"- {caveat}"
    yield ""
    yield "| what | source | grade |"
    yield "| --- | --- | --- |"
    for what, source, grade in sources(one):
        yield f"| {what} | {source} | {grade} |"


def shipped_instruments() -> Iterator[TransmitterProfile | GaugeProfile]:
    """Every shipped profile of an instrument, by name."""
    for name in shipped_names():
        profile, _ = load_profile(ROOT / "firmware_bridge" / "device_profiles" / f"{name}.toml")
        if not isinstance(profile, TractionUnitProfile):
            yield profile


def sources(one: TransmitterProfile | GaugeProfile) -> Iterator[tuple[str, str, str]]:
    """Yields table, source and grade of every table of a profile that has them."""
    tables: list[tuple[str, object]] = [(key, getattr(one, key)) for key in type(one).model_fields]
    for key, value in tables:
        for number, part in enumerate(value if isinstance(value, tuple) else (value,)):
            source, grade = getattr(part, "source", ""), getattr(part, "grade", "")
            if source:
                name = getattr(part, "name", "") or getattr(part, "case", "")
                label = name or (str(number + 1) if isinstance(value, tuple) else "")
                yield f"{key}{' ' if label else ''}{label}", source, grade


def main() -> None:
    """Write both pages."""
    PAGE.write_text(page(), encoding="utf-8")
    KEYS_PAGE.write_text(keys_page(KEYS_PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

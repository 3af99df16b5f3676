"""Writes the pages of the reference that come from tables of the program.

python tools/reference_pages.py

docs/reference/phases.md is the table of transitions and of requests, docs/reference/alarms.md the
table of alarms. A test compares the files with what this writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from controller.alarms import ALARMS, SOUND_PAUSE_S, TONE_EVERY_S, Priority
from controller.order.phases import FINAL_PHASES, TRANSITIONS, Phase
from controller.requests import (
    AdjustForce,
    CheckIn,
    EndEarly,
    Pause,
    Remark,
    Resume,
    TreatmentRequest,
)
from controller.session.request_rules import phases_for

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
REQUESTS: dict[str, TreatmentRequest] = {
    "pause": Pause(by=""),
    "resume": Resume(by=""),
    "less force": AdjustForce(by="", change_n=-1.0),
    "more force": AdjustForce(by="", change_n=1.0),
    "check-in": CheckIn(by=""),
    "remark": Remark(by="", text=""),
    "end": EndEarly(by=""),
}
COLOURS = {Priority.HIGH: "red", Priority.MEDIUM: "yellow", Priority.LOW: "cyan"}
GENERATED = "Written by `tools/reference_pages.py` from the program's own table; do not edit."


def pages() -> dict[str, str]:
    """The text of each page by its file name."""
    return {
        "phases.md": "\n".join(_phases()) + "\n",
        "alarms.md": "\n".join(_alarms()) + "\n",
    }


def _phases() -> Iterator[str]:
    yield f"# Phases and requests\n\n{GENERATED}\n\n## Allowed transitions\n\n```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {Phase.IDLE.label}"
    for before, followers in TRANSITIONS.items():
        for after in sorted(followers):
            if after is not before:
                yield f"    {before.label} --> {after.label}"
    for phase in sorted(FINAL_PHASES):
        yield f"    {phase.label} --> [*]"
    yield "```\n"
    yield "Adjusting the force may also lead from one ramp into another of the same direction."
    yield "\n## Which requests are accepted when\n"
    yield "In every other phase a request is refused by name and recorded."
    yield "Taking over is accepted from `checking` to `releasing`: no phase depends on it.\n"
    yield f"| phase | {' | '.join(REQUESTS)} |"
    yield f"| --- |{' --- |' * len(REQUESTS)}"
    for phase in Phase:
        heard = ["yes" if phase in phases_for(request) else "" for request in REQUESTS.values()]
        if any(heard):
            yield f"| `{phase.label}` | {' | '.join(heard)} |"


def _alarms() -> Iterator[str]:
    yield f"# Alarms\n\n{GENERATED}\n"
    yield "An alarm stays until a person acknowledges it. `mute` silences the tones for"
    yield f"{SOUND_PAUSE_S:g} s; a new alarm of high priority ends the silence.\n"
    for priority in sorted(Priority, reverse=True):
        name, every_s = priority.name.lower(), TONE_EVERY_S[priority]
        yield f"## {name.capitalize()} ({COLOURS[priority]}, a tone every {every_s:g} s)\n"
        yield "| code | text |\n| --- | --- |"
        for kind in ALARMS.values():
            if kind.priority is priority:
                yield f"| `{kind.code}` | {kind.text} |"
        yield ""


def main() -> None:
    """Write all pages."""
    for name, text in pages().items():
        (REFERENCE / name).write_text(text.rstrip() + "\n", encoding="utf-8")
        print(f"written: docs/reference/{name}")


if __name__ == "__main__":
    main()

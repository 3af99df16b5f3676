"""What the note of a returning patient costs: counted over its page, as a person would fill it."""

from __future__ import annotations

import re

from controller.runtime.clock import VirtualClock
from records.note.lifecycle import complete, sign
from records.store.record_folder import RecordFolder
from tests.support.console_bench import console_bench
from tests.support.notes import (
    ALL_WORDS,
    BEGAN_MS,
    DAY_MS,
    HOUR_MS,
    ORDER,
    author,
    note_of,
    recorded,
)
from tests.support.reception import medicare_patient, open_clinic
from tests.support.standing import keep

BEFORE_THE_SESSION = ("rationale", "screening", "set_up_by", "supervised_by")
"""A visit asks these before the treatment, and its order has them."""
HANDED_OVER = ("pain_before", "performed_by")
"""These too, and the note has them when its session ends."""
TODAY = {
    "patient_response": "less pain in the arm than before",
    "tolerance": "tolerated",
    "pain_after": "2",
    "total_timed_minutes": "0 25",
    "plan_next": "again on Friday",
    "patient_notice": "told today",
}


def test_four_confirmations_six_entries_and_the_signature(folder: RecordFolder) -> None:
    open_clinic(folder)
    keep(folder, medicare_patient("2025-12-20"))
    recorded(folder)
    by = author(folder)
    complete(folder, note_of(folder), ALL_WORDS, by)
    sign(folder, note_of(folder), "PT", by)
    said = "".join(f'{name} = "{ALL_WORDS[name]}"\n' for name in BEFORE_THE_SESSION)
    order = ORDER.replace('diagnosis = ["M50.120"]\n', "") + said
    recorded(folder, "s-2", order=order, began_ms=BEGAN_MS + DAY_MS)
    later = author(folder, at_ms=BEGAN_MS + DAY_MS + HOUR_MS)
    handed = {name: ALL_WORDS[name] for name in HANDED_OVER}
    complete(folder, note_of(folder, "s-2"), handed, later)
    clock = VirtualClock(utc_origin_ms=BEGAN_MS + DAY_MS + HOUR_MS)
    with console_bench(folder, clock) as bench:
        bench.sit_down()
        page = bench.page("/sessions/s-2/note")
        unsaid = page[: page.index("What people said")]
        ticks = re.findall(r'name="(confirm\.[^"]+)"', unsaid)
        entries = {*re.findall(r'name="(field\.[^"]+)"', unsaid)}
        asked = {name for name in entries if name.replace("field", "confirm") not in ticks}
        assert len(ticks) == 4
        assert asked == {f"field.{name}" for name in TODAY}
        assert len(asked) == 6
        posted = {
            **dict(re.findall(r'name="(seen\.[^"]+)" value="([^"]*)"', page)),
            **dict.fromkeys(ticks, "yes"),
            **{f"field.{name}": text for name, text in TODAY.items()},
            "signature": "PJ",
            "act": "sign",
        }
        bench.post("/sessions/s-2/note", **posted)
    note = note_of(folder, "s-2")
    assert note.status == "signed"
    assert note.field("harness").source == "confirmed from session s-1, unchanged since 2025-12-31"
    assert note.field("total_treatment_minutes").value == "25"

"""The contraindication screen: what is asked at every visit, item by item.

Source of the items: the ones that rule N-14 wants attested (billing-97012.md). They are questions;
what was found is said in a person's own words.
"""

from __future__ import annotations

from collections.abc import Sequence

from controller.order.prescription import Region

_OF_BOTH = (
    "fracture",
    "instability",
    "infection",
    "tumour",
    "severe osteoporosis",
    "cord compression",
    "aneurysm",
    "recent surgery",
    "pregnancy",
    "heart or lung disease",
    "claustrophobia",
)
_OF_THE_NECK = ("rheumatoid arthritis with a lax C1-C2", "jaw complaints (halter)")
NOT_PRESENT = "no"


def screen_items(region: Region) -> tuple[str, ...]:
    """What is asked before a treatment of a region."""
    return (*_OF_BOTH, *_OF_THE_NECK) if region is Region.CERVICAL else _OF_BOTH


def screening_text(answers: Sequence[tuple[str, str]], by: str) -> str:
    """The screen as order and note have it: what was found, what was asked, and who asked."""
    found = [f"{item}: {said}" for item, said in answers if said != NOT_PRESENT]
    asked = [item for item, said in answers if said == NOT_PRESENT]
    told = f"not present: {', '.join(asked)}" if asked else ""
    return "; ".join(filter(None, (*found, told, f"asked by {by}")))

"""The contraindication screen: what is asked at every visit, item by item.

Source of the items: those required by rule N-14 (billing-97012.md). They are questions; a person
describes the findings in their own words.
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
    """Returns the items before a treatment of a region."""
    return (*_OF_BOTH, *_OF_THE_NECK) if region is Region.CERVICAL else _OF_BOTH


def screening_text(answers: Sequence[tuple[str, str]], by: str) -> str:
    """Returns the screen for order and note: what was found, what was asked, and who asked."""
    found = [f"{item}: {said}" for item, said in answers if said != NOT_PRESENT]
    asked = [item for item, said in answers if said == NOT_PRESENT]
    told = f"not present: {', '.join(asked)}" if asked else ""
    return "; ".join(filter(None, (*found, told, f"asked by {by}")))

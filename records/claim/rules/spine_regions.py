"""Regions of the spine that a diagnosis names: by its place in the code list and its own words.

Only the parts of the list about the spine count: elsewhere "cervical" is of the womb and "neck" of
the thigh bone. A code's own words count, not its category's, which are wider (S33.4, a rupture at
the pubic bone, is below "lumbar spine and pelvis").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

CERVICAL, THORACIC, LUMBAR, SACRAL = "cervical", "thoracic", "lumbar", "sacral"
EVERY_REGION = frozenset({CERVICAL, THORACIC, LUMBAR, SACRAL})
SPINE_PARTS = frozenset(
    {
        "M40-M43",  # deforming dorsopathies
        "M45-M49",  # spondylopathies
        "M50-M54",  # other dorsopathies
        "M99",  # biomechanical lesions
        "G54",  # nerve roots and plexuses
        "Q76",  # malformations of the spine
        "S12",  # injuries of the neck's vertebrae, joints, cord and muscles
        "S13",
        "S14",
        "S16",
        "S22",  # of the thoracic spine
        "S23",
        "S24",
        "S32",  # of the lumbar spine, sacrum and lower back
        "S33",
        "S34",
        "S39",
    }
)
"""Blocks and categories of ICD-10-CM, as in its tabular list."""
_PARTS = [
    (first, last or first) for first, _, last in (part.partition("-") for part in SPINE_PARTS)
]
REGION_WORDS: dict[str, frozenset[str]] = {
    "cervical": frozenset({CERVICAL}),
    "cervicalgia": frozenset({CERVICAL}),
    "cervicocranial": frozenset({CERVICAL}),
    "cervicobrachial": frozenset({CERVICAL}),
    "neck": frozenset({CERVICAL}),  # S10-S19, injuries to the neck
    "atlas": frozenset({CERVICAL}),  # inclusion term of S12.0, first cervical vertebra
    "axis": frozenset({CERVICAL}),  # inclusion term of S12.1, second cervical vertebra
    "occipito-atlanto-axial": frozenset({CERVICAL}),
    "atlantoaxial": frozenset({CERVICAL}),
    "cervicothoracic": frozenset({CERVICAL, THORACIC}),
    "thoracic": frozenset({THORACIC}),
    "thorax": frozenset({THORACIC}),
    "thoracolumbar": frozenset({THORACIC, LUMBAR}),
    "lumbar": frozenset({LUMBAR}),
    "lumbago": frozenset({LUMBAR}),
    "low back": frozenset({LUMBAR}),  # inclusion term of M54.5: lumbago
    "lower back": frozenset({LUMBAR}),
    "sciatica": frozenset({LUMBAR}),  # its Excludes1 notes: lumbar disc, lumbago
    "lumbosacral": frozenset({LUMBAR, SACRAL}),
    "sacral": frozenset({SACRAL}),
    "sacrum": frozenset({SACRAL}),
    "sacrococcygeal": frozenset({SACRAL}),
    "sacroiliac": frozenset({SACRAL}),
    "sacroiliitis": frozenset({SACRAL}),
    "coccyx": frozenset({SACRAL}),
    "multiple sites in spine": EVERY_REGION,
}
VERTEBRA = "vertebra"
_WORDS = re.compile(
    r"\b(" + "|".join(sorted(map(re.escape, REGION_WORDS), key=len, reverse=True)) + r")\b"
)


def regions_of_places(places: Sequence[tuple[str, str]]) -> frozenset[str]:
    """Returns the regions of a code; ``places`` are code and words of it and of its parents.

    Categories and chapters do not count: they are wider than their codes.
    """
    if not places or not is_of_the_spine(places[0][0]):
        return frozenset()
    texts = [words for code, words in places if len(code) > 3]
    return regions_of_words(texts) if texts else frozenset()


@cache
def is_of_the_spine(code: str) -> bool:
    """Returns whether a code, or a block, is in a part of the list about the spine."""
    category = code[:3]
    return any(first <= category <= last for first, last in _PARTS)


def regions_of_words(texts: Sequence[str]) -> frozenset[str]:
    """Returns the regions of a code; ``texts`` are its words and those of its parents.

    A part of a vertebra (dens, "T5-T6") names none itself: there the vertebra above it counts.
    """
    own = regions_named(texts[0])
    above = (regions_named(text) for text in texts[1:] if VERTEBRA in text)
    return own or next((regions for regions in above if regions), own)


def regions_named(words: str) -> frozenset[str]:
    """Returns the regions in one text of the list."""
    found = (REGION_WORDS[word] for word in _WORDS.findall(words.lower()))
    return frozenset().union(*found)

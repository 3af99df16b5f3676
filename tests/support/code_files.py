"""Small files of codes in the layouts of CMS and NCHS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

ORDERED = (
    ("M50", 0, "Cervical disc disorders"),
    ("M5010", 1, "Cervical disc disorder with radiculopathy, unspecified cervical region"),
    ("M54", 0, "Dorsalgia"),
    ("M541", 0, "Radiculopathy"),
    ("M5416", 1, "Radiculopathy, lumbar region"),
    ("M542", 1, "Cervicalgia"),
    ("QA0", 0, "Neurodevelopmental disorders"),
    ("QA00", 1, "Neurodevelopmental disorder"),
    ("Z00", 0, "Encounter for general examination"),
    ("Z0000", 1, "Encounter for general adult medical examination"),
)
TABULAR = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular><version>2027</version>
<chapter><name>13</name><desc>Diseases of the musculoskeletal system (M00-M99)</desc>
 <section id="M50-M54"><desc>Other dorsopathies (M50-M54)</desc>
  <excludes1><note>discitis NOS (M46.4-)</note></excludes1>
  <diag><name>M50</name><desc>Cervical disc disorders</desc>
   <diag><name>M50.10</name><desc>Cervical disc disorder</desc></diag></diag>
  <diag><name>M54</name><desc>Dorsalgia</desc>
   <diag><name>M54.1</name><desc>Radiculopathy</desc></diag>
   <diag><name>M54.2</name><desc>Cervicalgia</desc>
    <excludes1><note>cervicalgia due to disc disorder (M50.-)</note></excludes1></diag></diag>
 </section></chapter>
<chapter><name>22</name><desc>Special purposes</desc>
 <section id="QA0"><desc>One category</desc>
  <diag><name>QA0</name><desc>Neurodevelopmental disorders</desc></diag></section>
 <section id="Z00"><desc>Examinations</desc>
  <diag><name>Z00</name><desc>Encounter for general examination</desc></diag></section></chapter>
</ICD10CM.tabular>
"""


def order_lines(rows: Sequence[tuple[str, int, str]] = ORDERED) -> list[str]:
    """Lines as in icd10cm_order_YYYY.txt: order number, code, flag, short and long description."""
    return [
        f"{number:05d} {code:<7} {flag} {words[:60]:<60} {words}"
        for number, (code, flag, words) in enumerate(rows, start=1)
    ]


def write_order_file(place: Path, lines: Sequence[str] | None = None) -> Path:
    """Write the order file with CMS's line ends."""
    file = place / "icd10cm_order_2027.txt"
    text = "\r\n".join([*(order_lines() if lines is None else lines), ""])
    file.write_bytes(text.encode())
    return file


def write_tabular_list(place: Path, text: str = TABULAR) -> Path:
    file = place / "icd10cm_tabular_2027.xml"
    file.write_text(text, encoding="utf-8")
    return file

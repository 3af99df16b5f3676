"""Makes the list of ICD-10-CM codes that comes with the program, from the package of the workshop.

    python -m tools.code_list

The package's data are NCHS's tabular list, which is in the public domain. A test compares every row
of the file with the package.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from records.claim.code_sets import plain
from records.claim.rules.code_list_file import CodeRow, ListHead, packed_list
from records.claim.rules.code_list_sources import codes_of_notes
from records.claim.rules.code_lists import SHIPPED

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "records" / "claim" / "rules" / "tables" / SHIPPED
HEAD = ListHead(
    name="ICD-10-CM, release of April 2026",
    valid_from=date(2025, 10, 1),
    valid_to=date(2026, 9, 30),  # start of a federal fiscal year
    source="tabular list of NCHS, 2026-04-01, as in simple_icd_10_cm 1.5.0",
    has_exclusions=True,
)


def main() -> None:
    """Write the file."""
    content = packed_list(HEAD, library_rows())
    TARGET.write_bytes(content)
    print(f"{TARGET.relative_to(ROOT)}: {len(content)} bytes")


def library_rows() -> Iterator[CodeRow]:
    """The package's list, row by row; reading it takes seconds."""
    with warnings.catch_warnings():
        # The package reads its own data with a deprecated function.
        warnings.simplefilter("ignore", DeprecationWarning)
        import simple_icd_10_cm as package

    names = dict.fromkeys(package.get_all_codes())
    codes = {plain(name) for name in names}
    for name in names:
        code = plain(name)
        above = next((plain(each) for each in package.get_ancestors(name) if each != name), "")
        begins = (code[:length] for length in range(len(code) - 1, 2, -1))
        nearest = next((each for each in begins if each in codes), "")
        yield CodeRow(
            code=code,
            billable=package.is_leaf(name) and "-" not in name,  # a block without codes is omitted
            above="" if above == nearest else above,
            named=codes_of_notes(package.get_excludes1(name)),
            words=package.get_description(name),
        )


if __name__ == "__main__":
    main()

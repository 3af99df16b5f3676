"""The charge line as CSV: a head and one row, CRLF as RFC 4180 wants it."""

from __future__ import annotations

import csv
import io

from records.claim import COLUMNS, ChargeLine


def charge_csv(line: ChargeLine) -> str:
    """The file's text; cells that a spreadsheet would run as a formula get a leading apostrophe."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerow({column: _safe(line.values[column]) for column in COLUMNS})
    return text.getvalue()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell

"""The rules by which a page judges a claim, and what the practice's system knows of it.

Both are in the address, so that whatever the page sends is about the claim that it showed. An
imported claim is held in memory and never stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request

from controller.errors import RequestRefused
from records.claim.context_file import ImportedClaim
from workstation.console.kept_for_pages import KeptForPages

MOST_CLAIMS: Final = 16
"""Imported claims that are held at once; none is larger than a form may be."""


class HeldClaim(NamedTuple):
    """An imported claim and the session whose page it was chosen on."""

    session_id: str
    claim: ImportedClaim


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedClaim:
    """``payer`` is a profile, "" for the one on file; ``file_id`` is the imported claim."""

    payer: str = ""
    file_id: str = ""
    imported: ImportedClaim | None = None

    def query(self, **more: str) -> str:
        """Returns the part of the address that says it; ``more`` is added, or replaces it."""
        said = {"payer": self.payer, "file": self.file_id, **more}
        asked = urlencode({name: value for name, value in said.items() if value})
        return f"?{asked}" if asked else ""


def asked_claim(request: Request, held: KeptForPages[HeldClaim]) -> AskedClaim:
    """Returns what the address of a request asks for.

    Raises RequestRefused for a file that is not held.
    """
    payer = request.query_params.get("payer", "").strip()
    file_id = request.query_params.get("file", "").strip()
    if not file_id:
        return AskedClaim(payer=payer)
    found = held.of(file_id)
    if found is None or found.session_id != request.path_params["session"]:
        raise RequestRefused(
            "the claim that was imported for this page is no longer held, so nothing was "
            "done; open the claim's page of the visit and choose its file again"
        )
    return AskedClaim(payer=payer, file_id=file_id, imported=found.claim)

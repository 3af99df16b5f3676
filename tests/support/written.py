"""Exports written by the program's own receiver, from an invented claim or visit."""

from __future__ import annotations

from typing import Any

from records.claim.context import ClaimContext
from records.exports.claim.claim_837p import Made, claim_837p
from records.exports.messages.hl7_dft import dft_p03
from records.exports.messages.receiver_maps import Interchange, Receiver, load_receivers
from records.visit.visit import Visit
from tests.support.claims import MADE_AT
from tests.support.documents import SESSION_ID

OWN_RECEIVER = load_receivers()["own"]
BASIC = Interchange()


def x12_of(context: ClaimContext, receiver: Interchange = BASIC, **options: Any) -> str:
    """The 837P's text; ``options`` change when it is made and of which session."""
    made: dict[str, Any] = {"session_id": SESSION_ID, "at": MADE_AT, "signed": True} | options
    return claim_837p(context, Made(**made), receiver).text


def dft_of(visit: Visit, receiver: Receiver = OWN_RECEIVER) -> str:
    """The charge as an HL7 message."""
    return dft_p03(visit, receiver)

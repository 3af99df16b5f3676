"""The account number of a visit on its claim (CLM01, box 26), when the practice gave none."""

from __future__ import annotations

import base64
import hashlib

LENGTH = 14
"""Capacity of box 26; CLM01 takes 20 characters (005010X222A1)."""


def account_number(session_id: str) -> str:
    """Returns 14 capitals and digits, the same for the same session.

    A session's id is too long for a claim. With 65 bits of its digest, the chance that any two of a
    million visits have the same number is 1 in 70 million.
    """
    digest = hashlib.sha256(session_id.encode()).digest()
    return f"T{base64.b32encode(digest).decode()[: LENGTH - 1]}"


def account_of(session_id: str, claim_id: str | None) -> str:
    """Returns the practice's own number; None for a claim that is named after its session."""
    return account_number(session_id) if claim_id in (None, session_id) else claim_id

"""How a session ended, in one plain sentence."""

from __future__ import annotations

import pytest

from workstation.texts.end_words import end_in_words

PAGE = "STOP from 127.0.0.1, page of http://127.0.0.1:8720"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (
            f"stopped (operator stop ({PAGE}))",
            "stopped: STOP was pressed on a page at this workstation",
        ),
        (
            f"session 20261130T140000Z-aaaaaa: stopped (operator stop ({PAGE}))",
            "session 20261130T140000Z-aaaaaa: stopped: STOP was pressed on a page at this "
            "workstation",
        ),
        (
            "operator stop (STOP from 192.0.2.7, page of https://192.0.2.6:8443) at 60.0 N",
            "STOP was pressed on a page on the machine 192.0.2.7 at 60.0 N",
        ),
        (
            "operator stop (STOP from 192.0.2.7, no page named)",
            "STOP was pressed on the machine 192.0.2.7",
        ),
        ("operator stop (STOP from ::1, no page named)", "STOP was pressed at this workstation"),
        (
            "operator stop (STOP by pat at a terminal)",
            "STOP was pressed by pat at a terminal",
        ),
        ("operator stop (SIGTERM)", "the program was told to end (SIGTERM)"),
        ("operator stop (P. Jones (PT))", "stopped by P. Jones (PT)"),
        (
            "link lost (release not seen after: operator stop (P. Jones); A. Ray says that the "
            "patient is free)",
            "link lost: release not seen after: stopped by P. Jones; A. Ray says that the patient "
            "is free",
        ),
        ("completed (treatment time reached)", "completed: treatment time reached"),
        (
            "stopped (ended early by P. Jones: dizzy (a little))",
            "stopped: ended early by P. Jones: dizzy (a little)",
        ),
        ("the belt was stopped (twice)", "the belt was stopped (twice)"),
        ("asked for an operator stop", "asked for an operator stop"),
    ],
)
def test_an_end_is_one_sentence(written: str, read: str) -> None:
    assert end_in_words(written) == read

"""The scripts of the pages as text: what holds for each of them."""

from __future__ import annotations

from pathlib import Path

import workstation.console

STATIC = Path(workstation.console.__file__).parent / "static"
OWN_LIMIT = {"request.js", "stop.js"}
"""STOP has limits of its own, shorter and longer ones."""


def test_no_request_of_a_page_waits_without_a_limit() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in STATIC.glob("*.js")}
    assert {name for name, text in texts.items() if "fetch(" in text} == OWN_LIMIT
    for name in OWN_LIMIT:
        assert texts[name].count("fetch(") == texts[name].count("AbortSignal.timeout("), name

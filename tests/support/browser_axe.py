"""What axe finds on a page: all of its rules, or those that look at colours alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, Page

RULES_OF_COLOURS = ("color-contrast", "link-in-text-block")
"""What else axe looks at is the same in another colour scheme, which changes colours alone."""
RUN = """options => axe.run({ ...options, resultTypes: ["violations"],
    preload: { assets: ["media"] } }).then((found) =>
  found.violations.map(({ id, help, nodes }) =>
    [id, help, nodes.slice(0, 4).map((node) => node.html.slice(0, 100))]))"""
"""The styles, which axe would fetch and parse again, are looked at by an experimental rule alone,
which does not run."""


def bring_axe(context: BrowserContext) -> None:
    """Have every page of it begin with axe: sent once, and compiled once, for many pages."""
    context.add_init_script(AXE_SCRIPT)


def violations(page: Page, rules: Sequence[str] = ()) -> list[Any]:
    """Rule, help and the first places of what is wrong, by all rules or by these."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[Any] = page.evaluate(RUN, {"runOnly": [*rules]} if rules else {})
    return found

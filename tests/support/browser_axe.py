"""What axe finds on a page, by all of its rules or only those for colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, Page

CONTRAST = "color-contrast"
OTHER_RULES_OF_COLOURS = ("link-in-text-block",)
"""Results of the other rules are the same in any colour scheme, which changes only colours."""
TOLD = """found => found.violations.map(({ id, help, nodes }) =>
    [id, help, nodes.slice(0, 4).map((node) => node.html.slice(0, 100))])"""
RUN = f"""options => axe.run({{ ...options, resultTypes: ["violations"],
    preload: {{ assets: ["media"] }} }}).then({TOLD})"""
"""Only an experimental rule, which does not run, needs the styles; axe would fetch and parse
them again.
"""
LOOK = f"""async (judged) => {{
  const known = new Set(judged), grounds = new Map();
  const ground = (each) => {{
    if (!each) return "";
    if (!grounds.has(each)) {{
      const {{ backgroundColor, backgroundImage, opacity }} = getComputedStyle(each);
      const own = `${{backgroundColor}} ${{backgroundImage}} ${{opacity}};`;
      const isSeenThrough = own === "rgba(0, 0, 0, 0) none 1;";
      grounds.set(each, (isSeenThrough ? "" : own) + ground(each.parentElement));
    }}
    return grounds.get(each);
  }};
  const look = (each) => {{
    const {{ color, fontSize, fontWeight, textShadow }} = getComputedStyle(each);
    return [color, fontSize, fontWeight, textShadow, ground(each)].join(" ");
  }};
  const hasWords = (each) => each.matches("input, select, textarea")
    || [...each.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const fresh = [...document.body.querySelectorAll("*")].filter(
    (each) => hasWords(each) && each.checkVisibility({{ visibilityProperty: true }})
      && !known.has(look(each)));
  if (!fresh.length) return [[], []];
  const found = await axe.run({{ include: fresh }},
    {{ runOnly: ["{CONTRAST}"], elementRef: true, preload: false }});
  const passed = found.passes.flatMap(({{ nodes }}) => nodes.map(({{ element }}) => look(element)));
  return [({TOLD})(found), [...new Set(passed)]];
}}"""
"""Judges the contrast of words whose look was not judged before; returns the looks that passed."""


def bring_axe(context: BrowserContext) -> None:
    """Load axe in every page of the context, sent and compiled once for many pages."""
    context.add_init_script(AXE_SCRIPT)


def violations(page: Page, rules: Sequence[str] = (), *, without: Sequence[str] = ()) -> list[Any]:
    """Rule, help text and first places of each violation, by all rules or the given ones."""
    _have_axe(page)
    options: dict[str, Any] = {"rules": {name: {"enabled": False} for name in without}}
    found: list[Any] = page.evaluate(RUN, options | ({"runOnly": [*rules]} if rules else {}))
    return found


class Contrasts:
    """Judges the contrast of words on one page after another.

    Words whose look has passed are not judged again: same colour, size, weight and shadow on the
    same backgrounds. This is three quarters of axe's work.
    """

    def __init__(self) -> None:
        self._passed: set[str] = set()

    def violations(self, page: Page) -> list[Any]:
        """Violations by words whose look has not passed yet."""
        _have_axe(page)
        found, passed = page.evaluate(LOOK, [*self._passed])
        self._passed.update(passed)
        return list(found)


def _have_axe(page: Page) -> None:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)

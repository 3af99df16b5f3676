"""What axe finds on a page: all of its rules, or those that look at colours alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, Page

CONTRAST = "color-contrast"
OTHER_RULES_OF_COLOURS = ("link-in-text-block",)
"""What else axe looks at is the same in another colour scheme, which changes colours alone."""
TOLD = """found => found.violations.map(({ id, help, nodes }) =>
    [id, help, nodes.slice(0, 4).map((node) => node.html.slice(0, 100))])"""
RUN = f"""options => axe.run({{ ...options, resultTypes: ["violations"],
    preload: {{ assets: ["media"] }} }}).then({TOLD})"""
"""The styles, which axe would fetch and parse again, are looked at by an experimental rule alone,
which does not run."""
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
    """Have every page of it begin with axe: sent once, and compiled once, for many pages."""
    context.add_init_script(AXE_SCRIPT)


def violations(page: Page, rules: Sequence[str] = (), *, without: Sequence[str] = ()) -> list[Any]:
    """Rule, help and the first places of what is wrong, by all rules or by these."""
    _have_axe(page)
    options: dict[str, Any] = {"rules": {name: {"enabled": False} for name in without}}
    found: list[Any] = page.evaluate(RUN, options | ({"runOnly": [*rules]} if rules else {}))
    return found


class Contrasts:
    """The contrast of words on one page after another.

    Words of a look that has passed are not judged again: same colour, size, weight and shadow, on
    the same grounds. It is three quarters of what axe does.
    """

    def __init__(self) -> None:
        self._passed: set[str] = set()

    def violations(self, page: Page) -> list[Any]:
        """What is wrong with words of a look that has not passed yet."""
        _have_axe(page)
        found, passed = page.evaluate(LOOK, [*self._passed])
        self._passed.update(passed)
        return list(found)


def _have_axe(page: Page) -> None:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)

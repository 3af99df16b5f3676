"""Finds faults of a page at one window size, in addition to axe's findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page

FAULTS = """() => {
  const LEAST_TEXT_PX = 18, LEAST_TARGET_PX = 48, LEAST_GAP_PX = 7.5, ARROW_PX = 36;
  const told = (each) => each.outerHTML.slice(0, 100);
  const shown = [...document.querySelectorAll("body *")].filter(
    (each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest(".hidden"));
  const styles = new Map(shown.map((each) => [each, getComputedStyle(each)]));
  const isSmall = (each) => parseFloat(styles.get(each).fontSize) < LEAST_TEXT_PX
    && [...each.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());

  const pen = document.createElement("canvas").getContext("2d");
  const isChoiceCut = (select) => {
    pen.font = styles.get(select).font;
    const chosen = select.selectedOptions[0]?.textContent ?? "";
    return pen.measureText(chosen).width > select.clientWidth - ARROW_PX;
  };
  const hasAnEdge = (each) => each.matches("input, textarea")
    || ["hidden", "clip", "auto", "scroll"].includes(styles.get(each).overflowX);
  const isCut = (each) => each.matches("select") ? isChoiceCut(each) : hasAnEdge(each)
    && (each.scrollWidth > each.clientWidth + 1 || each.scrollHeight > each.clientHeight + 1);

  const targets = shown.filter((each) => each.matches(
    "button, select, summary, nav a, a.button, a.way, input:not([type=checkbox], [type=radio])"));
  const places = targets.map((each) => each.getBoundingClientRect());
  const gap = (one, other) => Math.max(
    one.left - other.right, other.left - one.right, one.top - other.bottom, other.top - one.bottom);
  const near = targets.flatMap((each, at) => targets
    .filter((other, place) => place > at && gap(places[at], places[place]) < LEAST_GAP_PX)
    .map((other) => [told(each), told(other)]));

  return {
    sideways: document.documentElement.scrollWidth > innerWidth,
    small: shown.filter(isSmall).map(told),
    cut: shown.filter((each) => !each.closest("svg")).filter(isCut).map(told),
    low: targets.filter((each, at) => places[at].height < LEAST_TARGET_PX).map(told),
    near,
  };
}"""

PLACES = """() => {
  const targets = [...document.querySelectorAll("a, button, select, summary, input, textarea")]
    .filter((each) => each.checkVisibility({ visibilityProperty: true }));
  return targets.map((each) => {
    const { x, y, width, height } = each.getBoundingClientRect();
    return [each.outerHTML.slice(0, 60), ...[x, y, width, height].map(Math.round)].join(" ");
  });
}"""
MOVED = f"""words => {{
  const places = {PLACES};
  const before = places();
  return words.flatMap(([place, text]) => {{
    const told = document.querySelector(place);
    const [said, how] = [told.innerHTML, told.className];
    told.textContent = text;
    if (place === "#door-state") told.className = "bad";
    if (text.startsWith("Not done: ")) told.className = "fault";
    const after = places();
    [told.innerHTML, told.className] = [said, how];
    return after.filter((each, at) => each !== before[at]).map((each) => [text, each]);
  }});
}}"""

LONG_WORDS = {
    "session-1": "20261130T140000Z-aaaaaa",
    "TEST-1": "MRN-2026-004711-WESTSIDE-SPINE-AND-SPORTS-1",
    "Pat Jones": "Bartholomew Featherstonehaugh",
}
"""The longer text that a clinic's pages would have in place of each text of the tests."""
LENGTHEN = """words => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    for (const [short, long] of Object.entries(words)) {
      walker.currentNode.data = walker.currentNode.data.replaceAll(short, long);
    }
  }
}"""


def faults(page: Page) -> dict[str, Any]:
    """The kinds of fault that the page has, each with its places; empty if there are none.

    A page that scrolls sideways; text that is small, cut off, or in a box that scrolls; targets
    that are low, or so near each other that a finger touches two.
    """
    found: dict[str, Any] = page.evaluate(FAULTS)
    return {name: each for name, each in found.items() if each}


def places_of_targets(page: Page) -> list[str]:
    """The places of everything that a finger may touch."""
    places: list[str] = page.evaluate(PLACES)
    return places


def moved_by(page: Page, words: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Targets that move once the place of a selector has its text, tried one by one."""
    moved: list[list[str]] = page.evaluate(MOVED, words)
    return moved


def lengthen(page: Page) -> None:
    """Replace ids, references and names with ones as long as those of a clinic."""
    page.evaluate(LENGTHEN, LONG_WORDS)

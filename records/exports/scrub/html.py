"""The scrub report as one HTML file: its own small style, no external content, no script.

The page is a tree of elements: the library that writes it escapes every value. It is in Python's
own library, because loading another one for one page takes as long as ten pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, indent, tostring

from controller.words import one_line
from records.exports.scrub.json import first_line, outcome_lines, values_as_read
from records.note.treatment_note import sessions_text
from records.visit.face import NOT_A_DEVICE, simulated_text
from records.visit.visit import Visit

STYLE = """
  body { font: 16px/1.5 system-ui, sans-serif; color: #1b2430; background: #fff;
         max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.5rem; margin: 0; }
  h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
  .about { color: #55626f; margin: .2rem 0; }
  .verdict { padding: .7rem 1rem; margin: 1rem 0; border-left: .4rem solid; font-weight: 600; }
  .ready { background: #edf7ee; border-color: #1e6b2b; }
  .blocked { background: #fdeeec; border-color: #b3261e; }
  article { border: 1px solid #d7dde4; border-left: .4rem solid #55626f; padding: .6rem 1rem;
            margin: .7rem 0; break-inside: avoid; }
  article.error { border-left-color: #b3261e; }
  article.warn { border-left-color: #9a5b00; }
  article h3 { font-size: 1rem; margin: 0; }
  article p { margin: .3rem 0; }
  .tag { font-size: .8rem; text-transform: uppercase; letter-spacing: .04em; }
  .source { color: #55626f; font-size: .875rem; }
  table { border-collapse: collapse; font-size: .875rem; margin: .4rem 0; }
  th, td { text-align: left; padding: .15rem .8rem .15rem 0; vertical-align: top; }
  th { font-weight: 400; color: #55626f; }
  footer { border-top: 1px solid #d7dde4; margin-top: 2rem; padding-top: .5rem; }
"""


def scrub_html(visit: Visit) -> str:
    """Returns the page; every value is escaped. Raises ExportIncomplete if no rule was applied."""
    values = values_as_read(visit)
    page = _element("html", _head(values), _body(visit, values), lang="en")
    indent(page)
    return f"<!DOCTYPE html>\n{tostring(page, encoding='unicode', method='html')}\n"


def _element(tag: str, *content: Element | str, **attributes: str) -> Element:
    """Returns an element of texts and elements; a text is one line. ``look`` is its class."""
    look = {"class": attributes.pop("look")} if "look" in attributes else {}
    made = Element(tag, {**look, **attributes})
    for each in content:
        if isinstance(each, Element):
            made.append(each)
        else:
            assert not len(made), "a text stands before the elements"
            made.text = f"{made.text or ''}{one_line(each)}"
    return made


def _head(values: Mapping[str, Any]) -> Element:
    style = Element("style")
    style.text = STYLE
    return _element(
        "head",
        _element("meta", charset="utf-8"),
        _element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        _element("title", f"Scrub report {values['session_id']}"),
        style,
    )


def _body(visit: Visit, values: Mapping[str, Any]) -> Element:
    footer = _element(
        "footer",
        _element("p", _element("strong", values["advice"])),
        _element("p", NOT_A_DEVICE, look="about"),
    )
    return _element(
        "body",
        _element("header", *_header(visit, values)),
        _element("main", *_main(visit, values)),
        footer,
    )


def _header(visit: Visit, values: Mapping[str, Any]) -> Iterator[Element]:
    yield _element("h1", "Scrub report")
    if simulated := simulated_text(visit.note):
        yield _element("p", simulated, look="verdict blocked")
    of = sessions_text(visit.note)
    about = f"{of[0].upper()}{of[1:]}, note {visit.face.status}. {first_line(values)}"
    yield _element("p", about, look="about")
    profile = f"{values['profile']}, {values['profile_date']}; {values['profile_source']}"
    text = f"Payer profile {values['profile_title']} ({profile}); rules of {values['rule_set']}"
    yield _element("p", text, look="about")


def _main(visit: Visit, values: Mapping[str, Any]) -> Iterator[Element]:
    verdict, _, _ = values["verdict"].partition(";")
    yield _element("p", verdict, look=f"verdict {'ready' if values['ready'] else 'blocked'}")
    yield _element("p", visit.face.outcomes, look="about")
    yield _element("h2", "Findings")
    yield from map(_finding, values["findings"])
    if not values["findings"]:
        yield _element("p", "None.")
    yield from _listed("Not judged", outcome_lines(values, "not_judged"))
    yield from _titled("Offered, for a named person to accept", map(_offer, values["offers"]))
    accepted = [f"{each['what']} {each['value']} by {each['by']}" for each in values["accepted"]]
    yield from _listed("Accepted", accepted)
    yield from _listed("What this payer wants and no data can prove", values["conditions"])
    yield from _listed("Not checked", values["not_checked"])
    yield from _listed("Not applicable", outcome_lines(values, "not_applicable"))


def _finding(finding: Mapping[str, Any]) -> Element:
    severity = finding["severity"]
    source = f"{finding['source']}, {finding['source_date']}, strength {finding['strength']}"
    evidence = [_element("table", *map(_row, finding["evidence"]))] if finding["evidence"] else []
    return _element(
        "article",
        _element("h3", f"{finding['rule']} ", _element("span", severity, look="tag")),
        _element("p", finding["message"]),
        *evidence,
        _element("p", f"Field: {finding['field']}. Source: {source}.", look="source"),
        look=severity,
    )


def _row(evidence: Mapping[str, Any]) -> Element:
    value = "open" if evidence["value"] is None else str(evidence["value"])
    return _element(
        "tr",
        _element("th", evidence["label"], scope="row"),
        _element("td", value),
        _element("td", evidence["from"]),
    )


def _offer(offer: Mapping[str, Any]) -> Element:
    tag = _element("span", f"{offer['kind']} of {offer['line']}", look="tag")
    speaks = [*(f"For: {t}" for t in offer["for"]), *(f"Against: {t}" for t in offer["against"])]
    return _element(
        "article",
        _element("h3", f"{offer['value']} ", tag),
        _element("p", offer["why"]),
        _items(speaks),
    )


def _listed(title: str, lines: Sequence[str]) -> Iterator[Element]:
    yield from _titled(title, [_items(lines)] if lines else [])


def _titled(title: str, content: Iterable[Element]) -> Iterator[Element]:
    """Returns a title and its content; nothing for empty content."""
    found = list(content)
    if found:
        yield _element("h2", title)
    yield from found


def _items(lines: Iterable[str]) -> Element:
    return _element("ul", *(_element("li", line) for line in lines))

// Keeps what is typed into an order and shows what the check of the program says of it.
// Without it the button [Check] is the way.

import { isChanged } from "./changed.js";
import { request } from "./request.js";

const form = document.getElementById("order");
const WAIT_MS = 500;
const AGAIN_MS = 2000;
let waiting = null;
let asked = 0;

form.addEventListener("input", () => later(WAIT_MS));
if ([...form.elements].some(isChanged)) later(WAIT_MS);

function later(ms) {
  clearTimeout(waiting);
  waiting = setTimeout(check, ms);
}

async function check() {
  const number = ++asked;
  const answer = await request(form.dataset.check, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams(new FormData(form)),
  }).catch(() => null);
  if (!answer || answer.status >= 500) later(AGAIN_MS); // what was typed is not kept yet
  if (answer && number === asked && answer.headers.get("content-type") === "application/json") {
    show(await answer.json());
  }
}

function show(facts) {
  for (const each of document.querySelectorAll("[data-reading]")) put(each, facts.readings[each.dataset.reading]);
  for (const each of document.querySelectorAll("[data-limit]")) put(each, facts.limits[each.dataset.limit]);
  for (const each of document.querySelectorAll("[data-mistakes]")) beside(each, facts.mistakes);
  wrong(facts.mistakes);
  put(document.getElementById("plan"), facts.plan);
  picture(facts.plot);
  secondLooks(facts.second_looks);
}

function put(element, text) {
  if (element.textContent !== (text || "")) element.textContent = text || "";
}

/** Nothing moves while somebody types: a mistake that is gone keeps its place, a new one has none. */
function beside(place, mistakes) {
  const name = place.dataset.mistakes;
  const text = (mistakes[name] || []).join(" ");
  if (place.textContent && text) put(place, text);
  place.classList.toggle("settled", !text);
  const field = document.getElementById(name);
  if (field.matches("input, select, textarea")) field.setAttribute("aria-invalid", text ? "true" : "false");
}

/** Every mistake, where the picture stands once there is none. */
function wrong(mistakes) {
  const lines = Object.entries(mistakes).flatMap(([name, texts]) => texts.map((text) => line(name, text)));
  document.getElementById("wrong").replaceChildren(...lines);
}

function line(name, text) {
  const made = document.createElement("li");
  const place = document.querySelector(`[data-mistakes="${CSS.escape(name)}"]`);
  if (place) {
    const way = document.createElement("a");
    Object.assign(way, { href: `#${name}`, textContent: place.dataset.label });
    made.append(way, ": ");
  }
  made.append(text);
  return made;
}

function picture(plot) {
  const place = document.getElementById("plot");
  if (place.dataset.drawn === plot) return;
  place.dataset.drawn = plot;
  const made = plot ? new DOMParser().parseFromString(plot, "image/svg+xml").documentElement : null;
  place.replaceChildren(...(made ? [document.adoptNode(made)] : []));
}

/** A sentence that was confirmed stays ticked; a new one is to be confirmed anew. */
function secondLooks(sentences) {
  const place = document.getElementById("second-looks");
  const ticks = [...place.querySelectorAll("input")];
  const kept = new Set();
  for (const tick of ticks) {
    if (sentences[tick.name] && sentences[tick.name][0] === tick.value) kept.add(tick.name);
    else tick.closest("label").remove();
  }
  for (const [name, [value, text]] of Object.entries(sentences)) {
    if (kept.has(name)) continue;
    const label = document.createElement("label");
    label.className = "tick told";
    const tick = document.createElement("input");
    Object.assign(tick, { type: "checkbox", name, value });
    label.append(tick, ` ${text} Yes.`);
    place.append(label);
  }
}

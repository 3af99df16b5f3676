// A unit's own page: parts that changed are fetched and put in place, and forms are sent without
// leaving the page. Without it the forms are sent as forms, and the page is read again.

import { onFrame, sayInSilence, stationMs } from "./live.js";
import { mayBeSent } from "./older.js";
import { request } from "./request.js";

const NEW_MS = 600;
const AGAIN_MS = 1000;
const UNANSWERED = "Your press was not answered: whether it was done is not known.";
const GAVE_UP = "The console does not answer: whether it was done is not known. Look at the patient. STOP works.";

const page = document.getElementById("unit-page");
const name = page.dataset.of;
let shape = "";
let fetching = false;
let triedMs = -AGAIN_MS;

/** Keep the page's parts fresh and send its forms in place. */
export function keepParts() {
  onFrame((frame) => {
    const unit = frame && frame.units.find((each) => each.name === name);
    if (unit && unit.shape && unit.shape !== shape && performance.now() - triedMs > AGAIN_MS / 5) {
      freshen(unit.shape);
    }
  });
  document.addEventListener("person-changed", () => { shape = ""; }); // parts speak to who sits here
  page.addEventListener("submit", (event) => {
    event.preventDefault();
    send(event.target, event.submitter);
  });
  page.addEventListener("click", ignoreTooSoon, true);
}

async function freshen(wanted) {
  if (fetching) return;
  fetching = true;
  triedMs = performance.now();
  shape = wanted; // who asks for another meanwhile takes it back
  try {
    const answer = await request(page.dataset.path, { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    const drawn = putParts(await answer.text());
    if (shape === wanted) shape = drawn;
  } catch {
    shape = ""; // the next frame asks again
  } finally {
    fetching = false;
  }
}

/**
 * Put the parts of `text` that differ in place; what was typed in the others stays, but in `sent`.
 *
 * Returns of which shape of the unit they were drawn: it may have been another one meanwhile. A page
 * that was drawn before what is shown takes nothing back, and is of no shape.
 */
function putParts(text, sent = null) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const freshPage = fresh.getElementById("unit-page");
  if (!freshPage) {
    if (sent) sayWhyNot(fresh);
    return "";
  }
  if (isOlder(freshPage)) {
    if (sent) putOutcome(freshPage, sent);
    return "";
  }
  page.dataset.drawnBy = freshPage.dataset.drawnBy;
  page.dataset.drawnUs = freshPage.dataset.drawnUs;
  const turned = page.dataset.page !== freshPage.dataset.page;
  if (turned) {
    page.dataset.page = freshPage.dataset.page;
    dispatchEvent(new Event("resize")); // the chart has a size only where it is shown
    showFromTheTop();
  }
  for (const part of page.querySelectorAll("[data-part]")) {
    const other = freshPage.querySelector(`[data-part="${part.dataset.part}"]`);
    if (!other) continue;
    if (other.dataset.version === part.dataset.version) {
      if (part.contains(sent)) renewIds(part, other);
      continue;
    }
    if (part.dataset.part === "asked" && !sent && !turned) continue; // it is of the page of then
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const typed = [...part.querySelectorAll("input:not([type=hidden])")].map((each) => each.value);
    const isOpen = !sent && part.querySelector("details[open]");
    if (isOpen) other.querySelector("details")?.setAttribute("open", "");
    other.dataset.newMs = performance.now();
    part.replaceWith(document.adoptNode(other));
    other.querySelectorAll("input:not([type=hidden])").forEach((each, place) => {
      if (!sent && typed[place]) each.value = typed[place];
    });
    if (focused && focused.name) other.querySelector(`[name="${focused.name}"]`)?.focus();
  }
  return freshPage.dataset.shape;
}

/** Drawn before what is shown, by the same process: another one begins anew. */
function isOlder({ dataset }) {
  const { drawnBy, drawnUs } = page.dataset;
  return dataset.drawnBy === drawnBy && Number(dataset.drawnUs) < Number(drawnUs);
}

/** Of an answer that is older than what is shown, the outcome is news, and ids for the next press. */
function putOutcome(freshPage, sent) {
  const outcome = freshPage.querySelector("#asked");
  document.getElementById("asked").replaceWith(document.adoptNode(outcome));
  const part = sent.closest("[data-part]");
  const other = freshPage.querySelector(`[data-part="${part.dataset.part}"]`);
  if (other) renewIds(part, other);
}

/** The start is below the checks: force and question of the treatment would be out of sight. */
function showFromTheTop() {
  const top = document.getElementById("top");
  const held = top.offsetHeight ? top : top.querySelector(".bar"); // what stays above the page
  const below = held.offsetHeight + parseFloat(getComputedStyle(held).top);
  scrollTo(0, page.getBoundingClientRect().top + scrollY - below);
}

/** Another page has come, which refuses: what it says stands where the outcome would. */
function sayWhyNot(other) {
  const why = other.querySelector("main .fault") ?? other.body;
  document.getElementById("asked").textContent = `Not done: ${why.textContent}`;
}

/** What was answered is over: the next press of the same button is another request. */
function renewIds(part, other) {
  const ids = [...other.querySelectorAll("[name=id]")];
  part.querySelectorAll("[name=id]").forEach((each, place) => { each.value = ids[place]?.value ?? each.value; });
}

/** A button that has appeared under a finger a moment ago was not meant. */
function ignoreTooSoon(event) {
  const part = event.target.closest("[data-part]");
  if (!part || !event.target.closest("button")) return;
  if (performance.now() - Number(part.dataset.newMs ?? -NEW_MS) < NEW_MS) {
    event.preventDefault();
    event.stopPropagation();
  }
}

async function send(form, button) {
  if (form.dataset.sending || !mayBeSent(form)) return;
  form.dataset.sending = "yes";
  const fields = new URLSearchParams(new FormData(form));
  if (button && button.name) fields.set(button.name, button.value);
  const pressedMs = stationMs();
  if (pressedMs) fields.set("pressed_ms", pressedMs);
  try {
    const answer = await request(form.action, { method: "POST", body: fields });
    putParts(await answer.text(), form);
    shape = ""; // it may have been drawn before the newest frame was heard
  } catch {
    document.getElementById("asked").textContent = GAVE_UP;
    sayInSilence(UNANSWERED);
  } finally {
    delete form.dataset.sending;
  }
}

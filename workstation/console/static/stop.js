// STOP by script: to the door and to the console at once, and the page stays where it is.

const PROBE_MS = 2000;
const ANSWER_MS = 1500;
const LATE_MS = 15000; // a press that is answered so late has arrived all the same
const FOLLOW_MS = 1000;
const FOLLOWED_TIMES = 30;
const READY = "STOP: ready";
const NOT_REACHABLE = "STOP: NOT REACHABLE FROM HERE: use the patient's switch";

export const door = document.body.dataset.door;
let reachable = false;
let toldMs = -Infinity;
const heard = new Map(); // what the console tells of each unit
const before = new Map(); // what it told of a unit when this page was pressed: of an earlier press
const failed = new Map(); // presses that did not arrive; they stand until a later one does
const arrived = new Map(); // of each unit, the number of its newest press that did
const newest = new Map(); // of each unit, the number of its newest press
let presses = 0;

export function doorState() {
  return reachable ? "STOP: ready" : "STOP: not reachable from here: use the patient's switch";
}

/** Look every 2 s whether the door answers. */
export function watchDoor() {
  probe();
  setInterval(probe, PROBE_MS);
}

async function probe() {
  try {
    await fetch(door + "/", { mode: "no-cors", cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
    reachable = true;
  } catch {
    reachable = false;
  }
  const state = document.getElementById("door-state");
  state.textContent = reachable ? READY : NOT_REACHABLE;
  state.classList.toggle("bad", !reachable);
}

/** Take over the forms of STOP. */
export function stopInPlace() {
  for (const form of document.querySelectorAll("form.stop")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      press(form);
    });
  }
}

async function press(form) {
  const called = form.dataset.stops;
  const number = ++presses;
  for (const [name, text] of heard) before.set(name, text);
  newest.set(called, number);
  say([`STOP ${called} was pressed`]);
  const address = new URL(form.action);
  address.searchParams.set("press", newName());
  const send = (way) =>
    fetch(way, { method: "POST", cache: "no-store", signal: AbortSignal.timeout(LATE_MS) });
  const atDoor = send(address.href).then((response) => {
    if (response.ok) followAtDoor(form, number, FOLLOWED_TIMES);
    return read(response);
  });
  const atConsole = send(address.pathname + address.search).then(read);
  const unanswered = setTimeout(() => didNotReach(form, number), ANSWER_MS);
  try {
    reached(called, number, await Promise.any([atDoor, atConsole]));
  } catch {
    didNotReach(form, number);
  } finally {
    clearTimeout(unanswered);
  }
}

/** The unit has answered on one of the ways: what the other one does not know is no news. */
function reached(called, number, lines) {
  arrived.set(called, Math.max(number, arrived.get(called) ?? 0));
  failed.delete(called);
  say(lines);
}

function didNotReach(form, number) {
  const called = form.dataset.stops;
  if ((arrived.get(called) ?? 0) > number) return;
  const release = form.dataset.release ? ` Manual release: ${form.dataset.release}` : "";
  failed.set(called,
    `STOP did not reach ${called}. Use the patient's switch or the emergency stop.${release}`);
  say([]);
}

/** Both ways carry one name, so that one press is never taken for two. */
function newName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((each) => each.toString(16).padStart(2, "0")).join("");
}

/** The lines of an answer's page, each unit's by itself; what no unit has answered is none. */
async function read(response) {
  if (!response.ok) throw new Error(response.statusText);
  const text = (await response.text()).replace(/<style>.*<\/style>/s, ""); // the policy forbids it here
  const page = new DOMParser().parseFromString(text, "text/html");
  const parts = [...page.querySelectorAll("main section")];
  if (!parts.some((part) => "answered" in part.dataset)) throw new Error("no unit has answered");
  return parts.map((part) => {
    const lines = [...part.querySelectorAll("p")].map((line) => line.textContent).join(" ");
    const called = part.querySelector("h2")?.textContent;
    return parts.length > 1 && called ? `${called}: ${lines}` : lines;
  });
}

/** Where the console has no way to the unit, the door that took the press tells what became of it. */
function followAtDoor(form, number, times) {
  if (!times || newest.get(form.dataset.stops) !== number) return;
  setTimeout(async () => {
    if (performance.now() - toldMs > FOLLOW_MS) {
      await fetch(form.action, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) })
        .then(read).then((lines) => reached(form.dataset.stops, number, lines)).catch(() => {});
    }
    followAtDoor(form, number, times - 1);
  }, FOLLOW_MS);
}

/** What the console tells of presses takes the place of what the press itself was answered. */
export function stopHeard(frame) {
  const told = frame.units.filter(
    ({ name, stop, stop_answered }) => stop.length && (stop_answered || !hasAnswered(name)));
  const lines = [];
  for (const unit of told) {
    const text = unit.stop.join(" ");
    heard.set(unit.name, text);
    if (before.get(unit.name) === text) continue;
    before.delete(unit.name);
    failed.delete(unit.name);
    lines.push((told.length > 1 ? `${unit.name}: ` : "") + text);
  }
  if (!lines.length) return;
  if (told.some((unit) => unit.stop_answered)) toldMs = performance.now();
  say(lines);
}

/** The newest press of this page: true where it was answered. */
function hasAnswered(called) {
  return newest.has(called) && arrived.get(called) === newest.get(called);
}

function say(lines) {
  const place = document.getElementById("stop-said");
  const text = [...failed.values(), ...lines].join(" ");
  if (place.textContent !== text) place.textContent = text;
}

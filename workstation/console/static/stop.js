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
  say([`STOP ${called} was pressed`]);
  const address = new URL(form.action);
  address.searchParams.set("press", newName());
  const ways = [address.href, address.pathname + address.search];
  const answers = ways.map((way) =>
    fetch(way, { method: "POST", cache: "no-store", signal: AbortSignal.timeout(LATE_MS) }).then(read));
  const unanswered = setTimeout(() => didNotReach(form, number), ANSWER_MS);
  try {
    const lines = await Promise.any(answers);
    failed.delete(called);
    arrived.set(called, Math.max(number, arrived.get(called) ?? 0));
    say(lines);
    followAtDoor(form.action, FOLLOWED_TIMES);
  } catch {
    didNotReach(form, number);
  } finally {
    clearTimeout(unanswered);
  }
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

/** The lines of an answer's page, each unit's by itself; anything but an answer to a press is none. */
async function read(response) {
  if (!response.ok) throw new Error(response.statusText);
  const text = (await response.text()).replace(/<style>.*<\/style>/s, ""); // the policy forbids it here
  const page = new DOMParser().parseFromString(text, "text/html");
  const parts = [...page.querySelectorAll("main section")];
  return parts.map((part) => {
    const lines = [...part.querySelectorAll("p")].map((line) => line.textContent).join(" ");
    const called = part.querySelector("h2")?.textContent;
    return parts.length > 1 && called ? `${called}: ${lines}` : lines;
  });
}

/** With the console gone the door alone tells that the release was seen. */
function followAtDoor(address, times) {
  if (!times) return;
  setTimeout(async () => {
    if (performance.now() - toldMs > FOLLOW_MS) {
      await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) })
        .then(read).then(say).catch(() => {});
    }
    followAtDoor(address, times - 1);
  }, FOLLOW_MS);
}

/** What the console tells of presses takes the place of what the press itself was answered. */
export function stopHeard(frame) {
  const told = frame.units.filter((unit) => unit.stop.length);
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
  toldMs = performance.now();
  say(lines);
}

function say(lines) {
  const place = document.getElementById("stop-said");
  const text = [...failed.values(), ...lines].join(" ");
  if (place.textContent !== text) place.textContent = text;
}

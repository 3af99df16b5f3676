// Plays a session on the live chart. It only shows: nothing here reaches a unit.

import { showPast } from "./chart.js";
import { request } from "./request.js";

const place = document.getElementById("replay");
const played = JSON.parse(place.dataset.played);
const canvas = document.getElementById("replay-chart");
const SHOWN_MS = 60000;
const AHEAD_MS = 45000;
const LONGEST_STEP_MS = 250; // a page that was hidden goes on where it was

let points = [];
let loadedMs = played.first_ms;
let isLast = false;
let loading = false;
let failed = false; // the picture stands still then, and says so
let generation = 0;
let atMs = played.first_ms;
let speed = 1;
let drawnMs = null;

async function load() {
  if (loading || failed || isLast || loadedMs > atMs + AHEAD_MS * speed) return;
  const asked = generation;
  loading = true;
  try {
    const answer = await request(`${played.path}?from_ms=${loadedMs}`);
    if (!answer.ok) throw new Error(answer.statusText);
    const piece = await answer.json();
    if (asked !== generation) return;
    points = points.filter((p) => p.at > atMs - SHOWN_MS - 1000);
    for (const [at, force, target] of piece.points) points.push({ at, force, target });
    loadedMs = piece.until_ms;
    isLast = piece.is_last;
  } catch {
    if (asked !== generation) return;
    put("replay-fault", "The replay has stopped: the console does not send its readings. Load the page again.");
    failed = true;
  } finally {
    if (asked === generation) loading = false;
  }
}

function draw(nowMs) {
  const step = drawnMs === null ? 0 : Math.min(LONGEST_STEP_MS, nowMs - drawnMs);
  drawnMs = nowMs;
  load();
  const known = isLast ? played.last_ms : loadedMs;
  atMs = Math.min(atMs + step * speed, known);
  show();
  requestAnimationFrame(draw);
}

function show() {
  const past = points.filter((p) => p.at <= atMs && p.at > atMs - SHOWN_MS);
  const marks = played.events.filter((e) => e.mark && e.at <= atMs);
  showPast(canvas, played, past, marks, atMs);
  const now = past.length && atMs - past[past.length - 1].at < 1000 ? past[past.length - 1] : {};
  force("then-force", now.force);
  force("then-target", now.target);
  put("then-time", clock(atMs - played.origin_ms));
  const last = played.events.filter((e) => e.at <= atMs).pop();
  put("then-event", last ? last.text : "");
}

function force(id, newtons) {
  const [unit, other] = played.units.map((each) => text(newtons, each));
  put(id, unit);
  put(`${id}-other`, other);
}

function text(newtons, unit) {
  if (newtons === null || newtons === undefined) return "--";
  return `${(newtons / unit.newtons).toFixed(1)} ${unit.symbol}`.replace(/^-0\.0/, "0.0");
}

function clock(ms) {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  const sign = ms < 0 ? "-" : "";
  return `${sign}${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function put(id, words) {
  const element = document.getElementById(id);
  if (element.textContent !== words) element.textContent = words;
}

for (const button of document.querySelectorAll("[data-speed]")) {
  button.addEventListener("click", () => {
    speed = Number(button.dataset.speed);
    for (const each of document.querySelectorAll("[data-speed]")) {
      each.setAttribute("aria-pressed", String(each === button));
    }
  });
}
document.getElementById("again").addEventListener("click", () => {
  generation += 1;
  points = [];
  loadedMs = atMs = played.first_ms;
  isLast = loading = failed = false;
  put("replay-fault", "");
});
// Until here a press would have done nothing.
for (const button of place.querySelectorAll("button")) button.disabled = false;
requestAnimationFrame(draw);

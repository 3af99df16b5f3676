// The live events: the newest frame is put into the page; a second without one is said at once.

import { request } from "./request.js";
import { doorState, stopHeard } from "./stop.js";
import { OF_THIS_PAGE } from "./token.js";

const SILENT_MS = 1000;
const AGAIN_MS = 500;
const RENEW_MS = 5000;
const SEEN_EVERY_MS = 1000;
const UNSEEN = "--";
const OF_NOW = ["headline", "first_alarm", "warning", "standing", "responsible", "sound_paused"];
const SILENT = "NO LIVE DATA";
const OTHER_TAB = "The live view is shown in another tab.";
const FIGURES = ["force", "force_other", "target", "target_other", "left", "phase_left", "cycle",
  "second_force", "pull", "check_in", "limit", "switch", "link", "record", "lateness"];

let source = null;
let streamId = "";
let openedMs = 0;
let heardMs = performance.now();
let heardAtMs = 0; // by the station's clock, as the newest frame told it
let seenMs = 0;
let taken = false;
const listeners = [];

/** Have `listener(frame)` called with each frame, and with null while there are none. */
export function onFrame(listener) {
  listeners.push(listener);
}

/** Listen for as long as the page is open; a stream that was refused is opened anew. */
export function follow() {
  open();
  setInterval(lookForSilence, 100);
  document.getElementById("show-here").addEventListener("click", () => {
    taken = false;
    heardMs = performance.now();
    open();
  });
}

/** By the station's clock, as far as this page has heard it; 0 before the first frame. */
export function stationMs() {
  return heardAtMs && Math.round(heardAtMs + performance.now() - heardMs);
}

function open() {
  if (source) source.close();
  openedMs = performance.now();
  source = new EventSource(`/events?instead_of=${streamId}`);
  source.addEventListener("stream", (event) => { streamId = event.data; });
  source.addEventListener("taken", () => {
    taken = true;
    source.close();
    lookForSilence();
  });
  source.onmessage = (event) => heard(JSON.parse(event.data));
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED && !taken) setTimeout(open, AGAIN_MS);
  };
}

function heard(frame) {
  heardMs = performance.now();
  heardAtMs = frame.utc_ms;
  document.body.dataset.live = "live";
  document.getElementById("no-live-data").hidden = true;
  document.getElementById("show-here").hidden = true;
  stopHeard(frame);
  put(document.getElementById("clock"), frame.clock);
  for (const unit of frame.units) show(unit);
  for (const listener of listeners) listener(frame);
  confirm();
}

/** Somebody can see this page: said from an event, because a hidden page's timers are slowed down. */
function confirm() {
  if (document.body.dataset.watches) return; // who may only stop does not look after a session
  const now = performance.now();
  if (document.visibilityState !== "visible" || now - seenMs < SEEN_EVERY_MS || !streamId) return;
  seenMs = now;
  request(`/events/${streamId}/seen`, { method: "POST", headers: OF_THIS_PAGE, body: "", keepalive: true }).catch(() => {});
}

function show(unit) {
  const first = unit.alarms[0];
  const more = { ...unit };
  if (unit.state === "silent" && unit.session_id) more.warning += ` ${doorState()}.`;
  if (document.body.dataset.unit === unit.name || !document.body.dataset.unit) {
    put(document.getElementById("sound-state"), unit.sound);
  }
  for (const place of placesOf(unit.name)) {
    place.dataset.state = unit.state;
    place.dataset.priority = first ? first.priority : "";
    for (const each of place.querySelectorAll("[data-is]")) put(each, more[each.dataset.is] ?? "");
  }
}

function placesOf(name) {
  const quoted = CSS.escape(name);
  return document.querySelectorAll(`[data-strip="${quoted}"], [data-of="${quoted}"]`);
}

/** Written only when it changes: a screen reader would read it again and again otherwise. */
export function put(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** A connection that has died without a word would be waited for by the browser for minutes. */
function renew(silentMs) {
  if (!taken && Math.min(silentMs, performance.now() - openedMs) > RENEW_MS) open();
}

function lookForSilence() {
  const silentMs = performance.now() - heardMs;
  if (silentMs < SILENT_MS) return;
  renew(silentMs);
  document.body.dataset.live = "silent";
  const words = taken
    ? OTHER_TAB
    : `NO LIVE DATA for ${Math.floor(silentMs / 1000)} s. The treatment may still be running. `
      + `Look at the patient. ${doorState()}.`;
  const place = document.getElementById("no-live-data");
  put(place, words);
  place.hidden = false;
  document.getElementById("show-here").hidden = !taken;
  put(document.getElementById("clock"), UNSEEN);
  put(document.getElementById("sound-state"), "");
  for (const each of document.querySelectorAll("[data-is]")) {
    if (FIGURES.includes(each.dataset.is)) put(each, UNSEEN);
    if (OF_NOW.includes(each.dataset.is)) put(each, each.dataset.is === "headline" ? SILENT : "");
  }
  for (const listener of listeners) listener(null);
}

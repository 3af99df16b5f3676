// A page that was asleep ignores the first touch everywhere but on STOP: what it showed is old.

const TICK_MS = 500;
const SLEPT_MS = 5000;
const IGNORED = "This page was asleep: your touch was not taken. Look, then touch again.";

let awakeMs = performance.now();
let wasAsleep = false;
let hiddenMs = null;

/** Watch for sleep, and keep the screen on while the page is shown. */
export function watchSleep() {
  setInterval(tick, TICK_MS);
  document.addEventListener("visibilitychange", shownOrHidden);
  for (const kind of ["click", "keydown"]) document.addEventListener(kind, ignoreFirst, true);
  keepScreenOn();
}

function tick() {
  const now = performance.now();
  if (document.visibilityState === "visible" && now - awakeMs > SLEPT_MS) fellAsleep();
  awakeMs = now;
}

function shownOrHidden() {
  if (document.visibilityState === "hidden") {
    hiddenMs = performance.now();
    return;
  }
  if (hiddenMs !== null && performance.now() - hiddenMs > SLEPT_MS) fellAsleep();
  awakeMs = performance.now();
  hiddenMs = null;
  keepScreenOn();
}

function fellAsleep() {
  wasAsleep = true;
}

function ignoreFirst(event) {
  if (!wasAsleep || event.target.closest?.(".stop")) return;
  if (event.type === "keydown" && !["Enter", " "].includes(event.key)) return;
  wasAsleep = false;
  event.preventDefault();
  event.stopPropagation();
  document.getElementById("touch-said").textContent = IGNORED;
}

/** Asked again at each return: a browser gives the lock up when the page is hidden. */
function keepScreenOn() {
  navigator.wakeLock?.request("screen").catch(() => {});
}

// A page that was asleep ignores the first touch everywhere but on STOP: what it showed is old.

const TICK_MS = 500;
const SLEPT_MS = 5000;
const IGNORED = "This page was asleep: your touch was ignored. Look, then touch again.";

let awakeMs = performance.now();
let wasAsleep = false;
let hiddenMs = 0; // a page that was opened behind others has been hidden from its beginning

/** Watch for sleep, and keep the screen on while the page is shown. */
export function watchSleep() {
  setInterval(tick, TICK_MS);
  document.addEventListener("visibilitychange", shownOrHidden);
  for (const kind of ["click", "keydown"]) document.addEventListener(kind, ignoreFirst, true);
  keepScreenOn();
}

function tick() {
  const now = performance.now();
  if (now - awakeMs > SLEPT_MS) wasAsleep = true;
  awakeMs = now;
}

function shownOrHidden() {
  if (document.visibilityState === "hidden") {
    hiddenMs = performance.now();
    return;
  }
  awakeMs = performance.now();
  if (awakeMs - hiddenMs > SLEPT_MS) wasAsleep = true;
  keepScreenOn();
}

function ignoreFirst(event) {
  if (!wasAsleep || event.target.closest(".stop")) return;
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

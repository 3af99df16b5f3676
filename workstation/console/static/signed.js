// A person who has not touched the page for 10 min is signed out; what was typed stays where it is.

const TOUCH_EVERY_MS = 30000;
const LOOK_EVERY_MS = 30000;

let toldMs = -TOUCH_EVERY_MS;
let touchedMs = performance.now();

/** Say that somebody touches the page, and look whether who sat here is signed out. */
export function watchPerson() {
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, touched, true);
  setInterval(look, LOOK_EVERY_MS);
}

function touched() {
  const now = performance.now();
  touchedMs = now;
  if (now - toldMs < TOUCH_EVERY_MS) return;
  toldMs = now;
  ask("POST", "/person/touched");
}

function look() {
  if (performance.now() - touchedMs > TOUCH_EVERY_MS) ask("GET", "/person/here");
}

async function ask(method, path) {
  const answer = await fetch(path, { method, body: method === "POST" ? "" : undefined }).catch(() => null);
  if (answer) document.getElementById("signed-out").hidden = answer.status !== 410;
}

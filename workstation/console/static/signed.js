// Who has not touched the page for a while is signed out; what was typed stays where it is. Somebody
// else signs in on the page itself: nothing on it is lost.

import { request } from "./request.js";
import { OF_THIS_PAGE } from "./token.js";

const TOUCH_EVERY_MS = 30000;
const LOOK_EVERY_MS = 30000;

let toldMs = -TOUCH_EVERY_MS;
let touchedMs = performance.now();

/** Say that somebody touches the page, and look whether who sat here is signed out. */
export function watchPerson() {
  if (document.body.dataset.watches) return;
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, touched, true);
  setInterval(look, LOOK_EVERY_MS);
  const change = document.getElementById("change-person");
  if (change) change.addEventListener("submit", changePerson);
}

function touched() {
  const now = performance.now();
  touchedMs = now;
  if (now - toldMs < TOUCH_EVERY_MS) return;
  toldMs = now;
  ask("/person/touched", { method: "POST", headers: OF_THIS_PAGE, body: "" });
}

function look() {
  if (performance.now() - touchedMs > TOUCH_EVERY_MS) ask("/person/here", {});
}

async function ask(path, how) {
  const answer = await request(path, how).catch(() => null);
  if (answer) document.getElementById("signed-out").hidden = answer.status !== 410;
}

async function changePerson(event) {
  event.preventDefault();
  const form = event.target;
  const said = document.getElementById("change-said");
  const body = new URLSearchParams(new FormData(form));
  form.elements.pin.value = "";
  const headers = { accept: "application/json" };
  const answer = await request(form.action, { method: "POST", headers, body }).catch(() => null);
  if (!answer) {
    said.textContent = "The console did not answer: who is signed in is not known. Sign in again.";
    return;
  }
  const { name, fault, told } = await answer.json();
  said.textContent = fault || `Signed in: ${name}. ${told.join("; ")}`;
  if (fault) return;
  document.getElementById("person").textContent = name;
  document.getElementById("signed-out").hidden = true;
  document.dispatchEvent(new Event("person-changed"));
}

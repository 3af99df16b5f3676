// Keeps what is typed for a note as it is typed. Without it the button "Keep what I typed" does.

import { isChanged } from "./changed.js";
import { request } from "./request.js";
import { OF_THIS_PAGE } from "./token.js";

const AFTER_MS = 700;
const AGAIN_MS = 2000;
const KEPT = /^(field\.|reason$|remark$|remark_upon$)/;

const form = document.getElementById("note");
const said = document.getElementById("kept");
const changed = new Set();
let timer = 0;
let sending = false;

form.addEventListener("input", (event) => typed(event.target));
for (const field of form.elements) if (isChanged(field)) typed(field);
form.addEventListener("submit", () => clearTimeout(timer));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") send({ keepalive: true });
});

function typed(field) {
  if (!KEPT.test(field.name)) return;
  changed.add(field.name);
  if (field.name.startsWith("remark")) changed.add("remark").add("remark_upon");
  said.textContent = "typing: not kept yet";
  later(AFTER_MS);
}

function later(ms) {
  clearTimeout(timer);
  timer = setTimeout(() => send(), ms);
}

// A request that outlives its page may hold 64 KiB and is hidden from whoever watches the page's own.
async function send({ keepalive = false } = {}) {
  if (sending || !changed.size) return;
  sending = true;
  const entries = new FormData(form);
  const body = new URLSearchParams();
  for (const name of changed) body.append(name, entries.get(name) ?? "");
  try {
    const answer = await request(form.dataset.draft, { method: "POST", headers: OF_THIS_PAGE, body, keepalive });
    if (!answer.ok) throw new Error(String(answer.status));
    const { kept } = await answer.json();
    const now = new FormData(form);
    for (const [name, text] of body) if (now.get(name) === text) changed.delete(name);
    said.textContent = changed.size ? "typing: not kept yet" : `What you typed is kept: ${kept}`;
    if (changed.size) later(AFTER_MS);
  } catch {
    said.textContent = "NOT KEPT YET: the console did not take it. It is sent again; keep this page open.";
    later(AGAIN_MS);
  } finally {
    sending = false;
  }
}

// The overview stays open all day: what the records say of it is put in place where it has changed.

import { request } from "./request.js";

const LOOK_MS = 10000;

/** Look every ten seconds, unless somebody's keyboard stands in it. */
export function keepDay() {
  setInterval(look, LOOK_MS);
}

async function look() {
  const day = document.querySelector("[data-day]");
  if (document.visibilityState !== "visible" || day.contains(document.activeElement)) return;
  const answer = await request("/").catch(() => null);
  if (!answer || !answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const other = page.querySelector("[data-day]");
  if (!other || other.dataset.version === day.dataset.version) return;
  day.replaceWith(document.adoptNode(other));
}

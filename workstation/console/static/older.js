// A page that was made by another program than the one that serves it now.

import { onFrame } from "./live.js";

const OLDER = "This page is older than the program. Your entry was not saved; it is kept below. "
  + "Reload. STOP works.";

let isOlder = false;

/** Notice it, and send no form from then on but those of STOP and those that free the patient. */
export function watchProgram() {
  onFrame((frame) => {
    if (frame && frame.program !== document.body.dataset.program) {
      isOlder = true;
      document.body.dataset.older = "yes";
    }
  });
  document.addEventListener("submit", (event) => {
    if (!mayBeSent(event.target)) event.preventDefault();
  }, true);
}

/** Whether a form may still be sent; says why where it may not. */
export function mayBeSent(form) {
  if (!isOlder || form.matches(".stop, [data-outward]")) return true;
  const place = document.getElementById("older");
  place.querySelector("span").textContent = OLDER;
  place.hidden = false;
  return false;
}

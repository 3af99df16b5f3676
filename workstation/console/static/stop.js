// STOP by script: to the door and to the console at once, and the page stays where it is.

const PROBE_MS = 2000;
const ANSWER_MS = 1500;
const READY = "STOP: ready";
const NOT_REACHABLE = "STOP: NOT REACHABLE FROM HERE: use the patient's switch";

export const door = document.body.dataset.door;
let reachable = false;

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
  say([form.textContent.trim() + " was pressed"]);
  const address = new URL(form.action);
  const ways = [address.href, address.pathname];
  const answers = ways.map((way) =>
    fetch(way, { method: "POST", cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) }).then(read));
  try {
    say(await Promise.any(answers));
  } catch {
    const called = form.textContent.trim().replace(/^STOP /, "");
    say([`STOP did not reach ${called}. Use the patient's switch or the emergency stop.`]);
  }
}

/** The lines of an answer's page; anything but an answer to a press is none. */
async function read(response) {
  if (!response.ok) throw new Error(response.statusText);
  const text = (await response.text()).replace(/<style>.*<\/style>/s, ""); // the policy forbids it here
  const page = new DOMParser().parseFromString(text, "text/html");
  return [...page.querySelectorAll("main p")].map((line) => line.textContent);
}

function say(lines) {
  document.getElementById("stop-said").textContent = lines.join(" ");
}

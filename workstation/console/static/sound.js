// Tones of this page, for a station without a loudspeaker that answers.

import { onFrame } from "./live.js";

const EVERY_MS = { high: 5000, medium: 15000, low: 30000 };
const ORDER = ["high", "medium", "low"];
const TONE_S = 0.4;
const HERTZ = { high: 960, medium: 720, low: 480 };

let context = null;
let playedMs = -Infinity;

/** Sound alarms while no loudspeaker of the station answers; ask for the click that it needs. */
export function soundAlarms() {
  const blocked = document.getElementById("sound-blocked");
  blocked.addEventListener("click", () => context?.resume());
  onFrame((frame) => {
    const silent = frame ? frame.units.filter((unit) => unit.sound.startsWith("NO SOUND")) : [];
    if (silent.length && !context) context = new AudioContext();
    blocked.hidden = !silent.length || context.state === "running";
    const heard = silent.filter((unit) => !unit.sound_paused).flatMap((unit) => unit.alarms);
    const priority = ORDER.find((each) => heard.some((alarm) => alarm.priority === each));
    if (priority && context.state === "running") play(priority);
  });
}

function play(priority) {
  const now = performance.now();
  if (now - playedMs < EVERY_MS[priority]) return;
  playedMs = now;
  const tone = context.createOscillator();
  tone.frequency.value = HERTZ[priority];
  tone.connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + TONE_S);
}

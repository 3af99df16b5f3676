// The force of the last 60 seconds on a canvas: force, ordered force, hatched where nothing is known.

import { onFrame } from "./live.js";

const SHOWN_MS = 60000;
const GAP_MS = 1000;
const points = [];
let newest = null;

/** Draw into `canvas` for as long as the page is open, beginning with what the console kept. */
export async function draw(canvas) {
  const unit = document.body.dataset.unit;
  const answer = await fetch(`/units/${encodeURIComponent(unit)}/chart`);
  for (const [at, force, target] of (await answer.json()).points) points.push({ at, force, target });
  onFrame((frame) => {
    newest = frame && frame.units.find((each) => each.name === unit);
    if (newest && newest.state === "live") {
      points.push({ at: frame.utc_ms, force: newest.force_n, target: newest.target_n });
    }
    requestAnimationFrame(() => paint(canvas));
  });
}

/** Draw a moment of the past, for a replay: `past` points, `signs` of events, up to `endMs`. */
export function showPast(canvas, past, signs, endMs) {
  points.splice(0, points.length, ...past, { at: endMs, force: null, target: null });
  newest = { state: "live" };
  paint(canvas);
}

function paint(canvas) {
  const context = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  if (!newest || newest.state !== "live") {
    hatch(context, width, height, style.color);
    return;
  }
  const end = points.length ? points[points.length - 1].at : 0;
  while (points.length && points[0].at < end - SHOWN_MS) points.shift();
  const most = Math.max(50, ...points.map((p) => Math.max(p.force ?? 0, p.target ?? 0))) * 1.1;
  const x = (at) => width - ((end - at) / SHOWN_MS) * width;
  const y = (force) => height - (Math.max(0, force) / most) * (height - 4) - 2;
  line(context, "target", x, y, "#767676", 2);
  line(context, "force", x, y, style.color, 4);
}

function line(context, key, x, y, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  let last = null;
  for (const point of points) {
    const force = point[key];
    if (force === null || force === undefined) { last = null; continue; }
    const joined = last !== null && point.at - last < GAP_MS;
    context[joined ? "lineTo" : "moveTo"](x(point.at), y(force));
    last = point.at;
  }
  context.stroke();
}

function hatch(context, width, height, colour) {
  context.strokeStyle = colour;
  context.globalAlpha = 0.3;
  context.beginPath();
  for (let x = -height; x < width; x += 24) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
  context.globalAlpha = 1;
}

// The force of the last 60 seconds on a canvas: force, ordered force with its band of tolerance,
// limits as lines, marks of requests, pauses and alarms; hatched where nothing is known. Its sizes
// are those of the page, whatever the screen's: words on it grow with those beside it.

import { onFrame } from "./live.js";
import { request } from "./request.js";
import { scaleOf, showScale } from "./scale.js";

const SHOWN_MS = 60000;
const GAP_MS = 1000;
const STEP_BACK_MS = 2000; // the clock was set back: what was seen before has times to come
const DRAW_MS = 90; // ten times a second: the curve moves less than a pixel in between
const SIGNS = { request: "R", pause: "P", alarm: "!", stop: "S" };
const points = [];
let marks = [];
let marked = null; // how many the console had when it was asked last; it is asked at the first frame
let reading = false;
let tolerance = { n: 0, share: 0 };
let newest = null;
let unit = null; // of force, as the clinic reads it: symbol and newtons
let size = { width: 0, height: 0, ratio: 1 };
let scaled = ""; // the scale that stands beside the chart
let colours = {};
let due = false;
let painted = -Infinity;

/** Draw into `canvas` for as long as the page is open, beginning with what the console kept. */
export function draw(canvas) {
  keepFit(canvas);
  onFrame((frame) => {
    newest = frame && frame.units.find((each) => each.name === document.body.dataset.unit);
    unit = frame && frame.force_unit;
    if (newest && newest.state === "live") {
      if (points.length && points[points.length - 1].at - frame.utc_ms > STEP_BACK_MS) {
        points.length = marks.length = 0;
      }
      points.push({ at: frame.utc_ms, force: newest.force_n, target: newest.target_n });
      if (newest.marks !== marked) read();
    }
    const now = performance.now();
    if (due || now - painted < DRAW_MS) return;
    painted = now;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      paint(canvas);
    });
  });
}

/** Draw a moment of what was `played`, a replay: `past` points, `signs` of events, up to `endMs`. */
export function showPast(canvas, played, past, signs, endMs) {
  if (!newest) keepFit(canvas);
  points.splice(0, points.length, ...past, { at: endMs, force: null, target: null });
  marks = signs.map(({ at, mark, text }) => ({ at, kind: mark, text }));
  newest = { state: "live", limit_n: played.limit_n, ceiling_n: played.most_n };
  tolerance = played.tolerance;
  [unit] = played.units;
  paint(canvas);
}

function keepFit(canvas) {
  fit(canvas);
  addEventListener("resize", () => fit(canvas));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => fit(canvas));
}

/** What the console kept: all of it at the beginning, and marks when there are new ones. */
async function read() {
  if (reading) return;
  reading = true;
  const wanted = newest.marks;
  const name = document.body.dataset.unit;
  try {
    const answer = await request(`/units/${encodeURIComponent(name)}/chart`, { cache: "no-store" });
    keep(await answer.json());
    marked = wanted;
  } catch {
    // the console went away meanwhile: the next frame asks again
  } finally {
    reading = false;
  }
}

function keep(kept) {
  marks = kept.marks.map(([at, kind, text]) => ({ at, kind, text }));
  tolerance = kept.tolerance;
  const first = points.length ? points[0].at : Infinity;
  const before = kept.points.filter(([at]) => at < first);
  points.unshift(...before.map(([at, force, target]) => ({ at, force, target })));
}

/** Size and colours are read here alone: reading them at every frame costs more than drawing. */
function fit(canvas) {
  const style = getComputedStyle(canvas);
  const names = { force: "--link", ink: "--ink", quiet: "--quiet", ground: "--ground", line: "--line", alarm: "--high" };
  colours = Object.fromEntries(
    Object.entries(names).map(([name, property]) => [name, style.getPropertyValue(property).trim()]));
  const ratio = devicePixelRatio || 1;
  size = { width: canvas.clientWidth, height: canvas.clientHeight, ratio };
  canvas.width = Math.max(1, Math.round(size.width * ratio));
  canvas.height = Math.max(1, Math.round(size.height * ratio));
  scaled = "";
}

function paint(canvas) {
  const { width, height, ratio } = size;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  if (!newest || newest.state !== "live") {
    hatch(context, width, height);
    return;
  }
  const end = points.length ? points[points.length - 1].at : 0;
  while (points.length && points[0].at < end - SHOWN_MS) points.shift();
  let most = Math.max(20, newest.limit_n ?? 0, newest.ceiling_n ?? 0);
  for (const p of points) most = Math.max(most, p.force ?? 0, p.target ?? 0);
  const x = (at) => width - ((end - at) / SHOWN_MS) * width;
  const scale = scaleOf(most, unit);
  const y = (force) => height - 2 - (Math.max(0, force) / scale.topN) * (height - 28);
  putScale(canvas, scale, y);
  band(context, x, y);
  limit(context, width, y, newest.limit_n, "order's limit");
  line(context, "target", x, y, colours.quiet, 2);
  line(context, "force", x, y, colours.force, 4);
  for (const mark of marks) if (mark.at >= end - SHOWN_MS) sign(context, mark, x(mark.at), height);
}

/** Words are put into the page only where they are others: that costs more than drawing. */
function putScale(canvas, scale, y) {
  const wanted = `${scale.topN} ${unit.symbol}`;
  if (wanted === scaled) return;
  scaled = wanted;
  showScale(canvas.parentElement.querySelector(".forces"), scale, unit, y);
}

/** The force may be this far beside the ordered one. */
function band(context, x, y) {
  context.fillStyle = colours.line;
  context.globalAlpha = 0.25;
  let run = [];
  for (const p of [...points, { at: 0, target: null }]) {
    if (p.target !== null && p.target !== undefined && p.target > 0) { run.push(p); continue; }
    if (run.length > 1) fillRun(context, run, x, y);
    run = [];
  }
  context.globalAlpha = 1;
}

function fillRun(context, run, x, y) {
  const wide = (p) => Math.max(tolerance.n, tolerance.share * p.target);
  context.beginPath();
  for (const p of run) context.lineTo(x(p.at), y(p.target + wide(p)));
  for (const p of run.reverse()) context.lineTo(x(p.at), y(p.target - wide(p)));
  context.fill();
}

function limit(context, width, y, force, text) {
  if (force === null || force === undefined) return;
  context.strokeStyle = colours.ink;
  context.setLineDash([12, 8]);
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(0, y(force));
  context.lineTo(width, y(force));
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = colours.ink;
  context.strokeStyle = colours.ground; // so that no line of the scale goes through the words
  context.lineWidth = 6;
  context.font = "18px system-ui, sans-serif";
  context.strokeText(text, 8, y(force) - 6);
  context.fillText(text, 8, y(force) - 6);
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

function sign(context, mark, at, height) {
  context.strokeStyle = context.fillStyle = mark.kind === "alarm" ? colours.alarm : colours.ink;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(at, 22);
  context.lineTo(at, height);
  context.stroke();
  context.font = "bold 20px system-ui, sans-serif";
  context.fillText(SIGNS[mark.kind] ?? "", at - 6, 18);
}

function hatch(context, width, height) {
  context.strokeStyle = colours.quiet;
  context.lineWidth = 1;
  context.beginPath();
  for (let x = -height; x < width; x += 24) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
}

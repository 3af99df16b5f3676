// The scale of a chart: lines at round forces and their words, beside the canvas and behind it.

const STEPS = [1, 2, 2.5, 5, 10];
const MOST_LINES = 5; // so that words stand apart on the lowest chart
const ROOM = 1.05; // the highest line of the curve stays below the top of the scale

/** The force at the top of a scale that has room for `mostN`, and its step, both in newtons. */
export function scaleOf(mostN, unit) {
  const wanted = (mostN * ROOM) / unit.newtons / MOST_LINES;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = power * STEPS.find((each) => wanted <= each * power);
  const lines = Math.ceil((mostN * ROOM) / unit.newtons / step);
  return { topN: lines * step * unit.newtons, step, lines };
}

/** Puts the lines of `scale` into `place`, each at the height `y` of its force. */
export function showScale(place, scale, unit, y) {
  const rows = [];
  for (let number = 0; number <= scale.lines; number += 1) {
    const force = Number((number * scale.step).toFixed(3)); // 3 x 0.2 is 0.6
    const row = document.createElement("span");
    const words = document.createElement("b");
    words.textContent = `${force} ${unit.symbol}`;
    row.style.top = `${y(force * unit.newtons)}px`;
    row.append(words);
    rows.push(row);
  }
  place.replaceChildren(...rows);
}

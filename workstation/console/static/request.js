// A request of a page that gets no answer ends: what waits for it would wait as long as the console
// hangs or as a network that has gone without a word is believed in, which is minutes.

const ANSWER_MS = 10000;

/** As `fetch`; rejects where answer and content have not come within ten seconds. */
export function request(address, how = {}) {
  return fetch(address, { ...how, signal: AbortSignal.timeout(ANSWER_MS) });
}

// Keeps a page fresh: live figures, the state of the stop door, and STOP without leaving the page.
// Everything works without it; a form is the way then.

import { watchDoor, stopInPlace } from "./stop.js";
import { follow } from "./live.js";

watchDoor();
stopInPlace();
follow();
if (document.getElementById("chart")) {
  import("./chart.js").then((chart) => chart.draw(document.getElementById("chart")));
}

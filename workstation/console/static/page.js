// Keeps a page fresh: live figures, the state of the stop door, and STOP without leaving the page.
// Everything works without it; a form is the way then.

import { watchSleep } from "./asleep.js";
import { follow } from "./live.js";
import { watchProgram } from "./older.js";
import { watchPerson } from "./signed.js";
import { soundAlarms } from "./sound.js";
import { stopInPlace, watchDoor } from "./stop.js";

watchDoor();
stopInPlace();
watchSleep();
watchProgram();
watchPerson();
soundAlarms();
follow();
if (document.getElementById("overview-page")) {
  import("./overview.js").then((overview) => overview.keepDay());
}
if (document.getElementById("unit-page")) {
  import("./unit.js").then((unit) => unit.keepParts());
  import("./chart.js").then((chart) => chart.draw(document.getElementById("chart")));
}

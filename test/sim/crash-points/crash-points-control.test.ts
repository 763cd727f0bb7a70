import { crashPointsSuite } from "./crash-points-suite.ts";
import { again, paused, single, steered } from "./stories-control.ts";

crashPointsSuite([steered, paused, single, again], { points: 200, secondDeaths: 140 });

import { crashPointsSuite } from "./crash-points-suite.ts";
import { paused, single, steered } from "./stories-control.ts";

crashPointsSuite([steered, paused, single], { points: 145, secondDeaths: 110 });

import { crashPointsSuite } from "./crash-points-suite.ts";
import { paused, steered } from "./stories-control.ts";

crashPointsSuite([steered, paused], { points: 145, secondDeaths: 110 });

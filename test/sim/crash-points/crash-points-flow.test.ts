import { crashPointsSuite } from "./crash-points-suite.ts";
import { mapping, undoing, ways } from "./stories-flow.ts";

crashPointsSuite([mapping, ways, undoing], { points: 190, secondDeaths: 70 });

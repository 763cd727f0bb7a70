import { crashPointsSuite } from "./crash-points-suite.ts";
import { engineCalls, mapping, undoing, ways } from "./stories-flow.ts";

crashPointsSuite([engineCalls, mapping, ways, undoing], { points: 240, secondDeaths: 100 });

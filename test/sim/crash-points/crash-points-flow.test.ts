import { crashPointsSuite } from "./crash-points-suite.ts";
import { engineCalls, handedCalls, mapping, undoing, ways } from "./stories-flow.ts";

crashPointsSuite([engineCalls, handedCalls, mapping, ways, undoing], { points: 240, secondDeaths: 100 });

import { crashPointsSuite } from "./crash-points-suite.ts";
import { engineCalls, handedCalls, longCalls, unheardCalls } from "./stories-flow.ts";

crashPointsSuite([engineCalls, handedCalls, longCalls, unheardCalls], { points: 310, secondDeaths: 90 });

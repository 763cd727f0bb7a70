import { crashPointsSuite } from "./crash-points-suite.ts";
import { claims } from "./stories-claims.ts";

crashPointsSuite([claims], { points: 60, secondDeaths: 30 });

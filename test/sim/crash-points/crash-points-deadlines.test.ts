import { crashPointsSuite } from "./crash-points-suite.ts";
import { deadlines, deliveries, manyDue, poisoned } from "./stories-deadlines.ts";

crashPointsSuite([deadlines, deliveries, manyDue, poisoned], { points: 460, secondDeaths: 140 });

import { crashPointsSuite } from "./crash-points-suite.ts";
import { schedules } from "./stories-schedules.ts";

crashPointsSuite([schedules], { points: 100, secondDeaths: 50 });

import { crashPointsSuite } from "./crash-points-suite.ts";
import { hooks } from "./stories-webhooks.ts";

crashPointsSuite([hooks], { points: 60, secondDeaths: 30 });

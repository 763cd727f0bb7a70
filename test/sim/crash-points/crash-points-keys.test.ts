import { crashPointsSuite } from "./crash-points-suite.ts";
import { keys } from "./stories-keys.ts";

crashPointsSuite([keys], { points: 10, secondDeaths: 10 });

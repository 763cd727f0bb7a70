import { crashPointsSuite } from "./crash-points-suite.ts";
import { cancelling, coming, leaving } from "./stories-agents.ts";
import { calls, reports, withoutHints } from "./stories-work.ts";

crashPointsSuite([reports, withoutHints, calls, cancelling, leaving, coming], { points: 500, secondDeaths: 280 });

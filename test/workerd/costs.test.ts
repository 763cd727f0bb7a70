import { costsSuite } from "../suites/costs-suite.ts";
import { longSessionSuite } from "../suites/long-session-suite.ts";
import { spineSuite } from "../suites/spine-suite.ts";
import { pinnedSuite } from "../suites/pinned-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

// To load a file costs workerd seconds: the suites of one theme share one.
costsSuite(workerdPlatform);
longSessionSuite(workerdPlatform);
spineSuite(workerdPlatform);
pinnedSuite(workerdPlatform);

import { pinnedSuite } from "../suites/pinned-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

pinnedSuite(workerdPlatform);

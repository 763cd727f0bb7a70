import { storeMatchSuite } from "../suites/store-match-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

storeMatchSuite(workerdPlatform);

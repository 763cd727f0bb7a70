import { longMapSuite } from "../suites/long-map-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

longMapSuite(workerdPlatform);

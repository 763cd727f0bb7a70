import { graphSuite } from "../suites/graph-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

graphSuite(workerdPlatform);

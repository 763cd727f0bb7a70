import { spineSuite } from "../suites/spine-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

spineSuite(workerdPlatform);

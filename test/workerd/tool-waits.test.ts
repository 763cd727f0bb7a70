import { workerdPlatform } from "../support/workerd-platform.ts";
import { toolWaitsSuite } from "../suites/tool-waits-suite.ts";

toolWaitsSuite(workerdPlatform);

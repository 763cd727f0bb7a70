import { agentkitFaultsSuite } from "../suites/agentkit-faults-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

agentkitFaultsSuite(workerdPlatform);

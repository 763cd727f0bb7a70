import { nodePlatform } from "../support/node-platform.ts";
import { agentkitFaultsSuite } from "../suites/agentkit-faults-suite.ts";

agentkitFaultsSuite(nodePlatform);

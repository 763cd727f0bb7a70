import { registryRestartSuite } from "../suites/registry-restart-suite.ts";
import { registrySuite } from "../suites/registry-suite.ts";
import { settleReportsSuite } from "../suites/settle-reports-suite.ts";
import { settleSuite } from "../suites/settle-suite.ts";
import { agentkitFaultsSuite } from "../suites/agentkit-faults-suite.ts";
import { wireDifferencesSuite } from "../suites/wire-differences-suite.ts";
import { wireSuite } from "../suites/wire-suite.ts";
import { wireWebhookSuite } from "../suites/wire-webhook-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

// To load a file costs workerd seconds: the suites of one theme share one.
registrySuite(workerdPlatform);
registryRestartSuite(workerdPlatform);
settleSuite(workerdPlatform);
settleReportsSuite(workerdPlatform);
agentkitFaultsSuite(workerdPlatform);
wireSuite(workerdPlatform);
wireDifferencesSuite(workerdPlatform);
wireWebhookSuite(workerdPlatform);

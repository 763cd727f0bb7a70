import { webhooksFaultsSuite } from "../suites/webhooks-faults-suite.ts";
import { webhooksChangesSuite } from "../suites/webhooks-changes-suite.ts";
import { webhooksSuite } from "../suites/webhooks-suite.ts";
import { nodePlatform } from "../support/node-platform.ts";

webhooksSuite(nodePlatform);
webhooksChangesSuite(nodePlatform);
webhooksFaultsSuite(nodePlatform);

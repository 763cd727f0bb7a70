import { webhooksFaultsSuite } from "../suites/webhooks-faults-suite.ts";
import { webhooksSuite } from "../suites/webhooks-suite.ts";
import { nodePlatform } from "../support/node-platform.ts";

webhooksSuite(nodePlatform);
webhooksFaultsSuite(nodePlatform);

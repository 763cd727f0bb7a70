import { webhooksFaultsSuite } from "../suites/webhooks-faults-suite.ts";
import { webhooksSuite } from "../suites/webhooks-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

webhooksSuite(workerdPlatform);
webhooksFaultsSuite(workerdPlatform);

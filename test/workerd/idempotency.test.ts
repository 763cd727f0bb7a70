import { idempotencySuite } from "../suites/idempotency-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

idempotencySuite(workerdPlatform);

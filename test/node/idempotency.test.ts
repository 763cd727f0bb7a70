import { idempotencySuite } from "../suites/idempotency-suite.ts";
import { nodePlatform } from "../support/node-platform.ts";

idempotencySuite(nodePlatform);

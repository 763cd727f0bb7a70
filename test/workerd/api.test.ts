import { idempotencySuite } from "../suites/idempotency-suite.ts";
import { keyScopesSuite } from "../suites/key-scopes-suite.ts";
import { rateLimitsSuite } from "../suites/rate-limits-suite.ts";
import { keysSuite } from "../suites/keys-suite.ts";
import { auditSuite } from "../suites/audit-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

// To load a file costs workerd seconds: the suites of one theme share one.
idempotencySuite(workerdPlatform);
keysSuite(workerdPlatform);
keyScopesSuite(workerdPlatform);
rateLimitsSuite(workerdPlatform);
auditSuite(workerdPlatform);

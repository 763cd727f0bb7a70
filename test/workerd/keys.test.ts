import { keyScopesSuite } from "../suites/key-scopes-suite.ts";
import { rateLimitsSuite } from "../suites/rate-limits-suite.ts";
import { keysSuite } from "../suites/keys-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

keysSuite(workerdPlatform);
keyScopesSuite(workerdPlatform);
rateLimitsSuite(workerdPlatform);

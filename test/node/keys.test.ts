import { keyScopesSuite } from "../suites/key-scopes-suite.ts";
import { rateLimitsSuite } from "../suites/rate-limits-suite.ts";
import { keysSuite } from "../suites/keys-suite.ts";
import { nodePlatform } from "../support/node-platform.ts";

keysSuite(nodePlatform);
keyScopesSuite(nodePlatform);
rateLimitsSuite(nodePlatform);

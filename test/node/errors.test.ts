import { nodePlatform } from "../support/node-platform.ts";
import { errorsAbuseSuite } from "../suites/errors-abuse-suite.ts";
import { errorsDefinitionsSuite } from "../suites/errors-definitions-suite.ts";
import { errorsIdempotencySuite } from "../suites/errors-idempotency-suite.ts";
import { errorsLimitsSuite } from "../suites/errors-limits-suite.ts";
import { errorsListsSuite } from "../suites/errors-lists-suite.ts";
import { errorsSuite } from "../suites/errors-suite.ts";

errorsSuite(nodePlatform);
errorsDefinitionsSuite(nodePlatform);
errorsLimitsSuite(nodePlatform);
errorsListsSuite(nodePlatform);
errorsIdempotencySuite(nodePlatform);
errorsAbuseSuite(nodePlatform);

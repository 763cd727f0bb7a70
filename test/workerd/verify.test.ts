import { workerdPlatform } from "../support/workerd-platform.ts";
import { verifySuite } from "../suites/verify-suite.ts";

verifySuite(workerdPlatform);

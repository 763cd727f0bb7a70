import { nodePlatform } from "../support/node-platform.ts";
import { verifySuite } from "../suites/verify-suite.ts";

verifySuite(nodePlatform);

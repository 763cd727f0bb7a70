import { nodePlatform } from "../support/node-platform.ts";
import { auditSuite } from "../suites/audit-suite.ts";

auditSuite(nodePlatform);

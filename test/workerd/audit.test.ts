import { workerdPlatform } from "../support/workerd-platform.ts";
import { auditSuite } from "../suites/audit-suite.ts";

auditSuite(workerdPlatform);

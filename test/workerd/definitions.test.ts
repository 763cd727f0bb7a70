import { workerdPlatform } from "../support/workerd-platform.ts";
import { definitionsSuite } from "../suites/definitions-suite.ts";

definitionsSuite(workerdPlatform);

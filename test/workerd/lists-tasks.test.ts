import { listsTasksSuite } from "../suites/lists-tasks-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

listsTasksSuite(workerdPlatform);

import { workerdPlatform } from "../support/workerd-platform.ts";
import { httpTaskSuite } from "../suites/http-task-suite.ts";
import { secretEchoSuite } from "../suites/secret-echo-suite.ts";
import { toolTaskSuite } from "../suites/tool-task-suite.ts";

httpTaskSuite(workerdPlatform);
toolTaskSuite(workerdPlatform);
secretEchoSuite(workerdPlatform);

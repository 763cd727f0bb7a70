import { workerdPlatform } from "../support/workerd-platform.ts";
import { httpTaskSuite } from "../suites/http-task-suite.ts";
import { secretEchoSuite } from "../suites/secret-echo-suite.ts";

httpTaskSuite(workerdPlatform);
secretEchoSuite(workerdPlatform);

import { workerdPlatform } from "../support/workerd-platform.ts";
import { sdkSuite } from "../suites/sdk-suite.ts";

sdkSuite(workerdPlatform);

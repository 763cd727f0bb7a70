import { lifecycleSuite } from "../suites/lifecycle-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

lifecycleSuite(workerdPlatform);

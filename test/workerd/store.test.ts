import { storeSuite } from "../suites/store-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

storeSuite(workerdPlatform);

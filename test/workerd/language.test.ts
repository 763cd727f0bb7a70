import { languageSuite } from "../suites/language-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

languageSuite(workerdPlatform);

import { samplesSuite } from "../suites/samples-suite.ts";
import { workerdPlatform } from "../support/workerd-platform.ts";

samplesSuite(workerdPlatform);

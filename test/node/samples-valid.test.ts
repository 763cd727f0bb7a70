import { samplesSuite } from "../suites/samples-suite.ts";
import { nodePlatform } from "../support/node-platform.ts";

samplesSuite(nodePlatform);

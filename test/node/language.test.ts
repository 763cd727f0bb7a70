import { nodePlatform } from "../support/node-platform.ts";
import { languageSuite } from "../suites/language-suite.ts";

languageSuite(nodePlatform);

import { storeSuite } from "../suites/store-suite.ts";
import { nodePlatform } from "../support/node-platform.ts";

storeSuite(nodePlatform);

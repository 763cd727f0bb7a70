import { nodePlatform } from "../support/node-platform.ts";
import { registryRestartSuite } from "../suites/registry-restart-suite.ts";
import { registrySuite } from "../suites/registry-suite.ts";

registrySuite(nodePlatform);
registryRestartSuite(nodePlatform);

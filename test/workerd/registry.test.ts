import { workerdPlatform } from "../support/workerd-platform.ts";
import { registryRestartSuite } from "../suites/registry-restart-suite.ts";
import { registrySuite } from "../suites/registry-suite.ts";

registrySuite(workerdPlatform);
registryRestartSuite(workerdPlatform);

import { workerdPlatform } from "../support/workerd-platform.ts";
import { wireDifferencesSuite } from "../suites/wire-differences-suite.ts";
import { wireSuite } from "../suites/wire-suite.ts";
import { wireWebhookSuite } from "../suites/wire-webhook-suite.ts";

wireSuite(workerdPlatform);
wireDifferencesSuite(workerdPlatform);
wireWebhookSuite(workerdPlatform);

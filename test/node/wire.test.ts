import { nodePlatform } from "../support/node-platform.ts";
import { wireDifferencesSuite } from "../suites/wire-differences-suite.ts";
import { wireSuite } from "../suites/wire-suite.ts";
import { wireWebhookSuite } from "../suites/wire-webhook-suite.ts";

wireSuite(nodePlatform);
wireDifferencesSuite(nodePlatform);
wireWebhookSuite(nodePlatform);

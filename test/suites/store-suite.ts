import type { Platform } from "../support/world.ts";
import { storeCommitSuite } from "./store-commit-suite.ts";
import { storeFreeSuite } from "./store-free-suite.ts";
import { storeListsSuite } from "./store-lists-suite.ts";
import { storeLoadSuite } from "./store-load-suite.ts";
import { storeMarkerSuite } from "./store-marker-suite.ts";
import { storeQueueSuite } from "./store-queue-suite.ts";
import { storeReportsSuite } from "./store-reports-suite.ts";
import { storeSchemaSuite } from "./store-schema-suite.ts";

/** The executable meaning of the Store port. */
export const storeSuite = (platform: Platform): void => {
  storeCommitSuite(platform);
  storeReportsSuite(platform);
  storeLoadSuite(platform);
  storeFreeSuite(platform);
  storeQueueSuite(platform);
  storeListsSuite(platform);
  storeSchemaSuite(platform);
  storeMarkerSuite(platform);
};

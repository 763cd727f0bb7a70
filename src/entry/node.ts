import { readConfig, runMain, serveAlone } from "./run-server.ts";

/** `node src/entry/node.ts`: the server alone. */
await runMain(() => serveAlone(readConfig(process.env)));

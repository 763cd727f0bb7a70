import { drawnSeeds, simulationSuite } from "./simulation-suite.ts";

simulationSuite("the engine under faults: the other half of the drawn schedules", drawnSeeds(1, 2));

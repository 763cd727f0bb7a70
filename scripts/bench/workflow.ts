/** The capability that each agent of a benchmark has. */
export const CAPABILITY = "bench";

/** A chain of steps, each of which reads what the one before it put out. */
export const chain = (steps: number, target: "home" | "capability") => ({
  id: `bench_${target}_${steps}`,
  name: "Benchmark",
  tasks: Array.from({ length: steps }, (_, at) => ({
    taskId: `step_${at + 1}`,
    name: `Step ${at + 1}`,
    ...(target === "capability" ? { agentCapability: CAPABILITY } : {}),
    parameters: at === 0 ? { text: "first" } : { text: `\${tasks.step_${at}.output.text}` },
    nextTaskId: at + 1 === steps ? null : `step_${at + 2}`,
  })),
});

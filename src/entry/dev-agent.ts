import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createAgent } from "../sdk/agent.ts";
import type { WorkflowDefinition } from "../sdk/definition.ts";

/** What `opscore dev` has to try. */
const hello: WorkflowDefinition = {
  id: "hello",
  name: "Hello",
  input: { type: "object", properties: { name: { type: "string" } } },
  tasks: [
    {
      taskId: "greet",
      agentCapability: "greet",
      parameters: { name: '${has(input.name) ? input.name : "world"}' },
    },
    { taskId: "shout", agentCapability: "greet", parameters: { name: "${tasks.greet.output}", loud: true } },
  ],
};

/** The sample agent of `opscore dev`, in this process: it greets. */
export interface DevAgent {
  /** The workflow that it carries out. */
  readonly workflow: string;
  readonly stop: () => Promise<void>;
}

/** Starts the sample agent on a free port of this machine, registers it and saves its workflow. */
export const startDevAgent = async (baseUrl: string, apiKey: string): Promise<DevAgent> => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const agent = createAgent({
    name: "greeter",
    capabilities: ["greet"],
    endpoint: `http://127.0.0.1:${port}/`,
    maxConcurrentTasks: 10,
    baseUrl,
    apiKey,
    handle: (task) => {
      const name = String(task.parameters["name"]);
      return Promise.resolve(task.parameters["loud"] === true ? name.toUpperCase() : `Hello, ${name}!`);
    },
  });
  server.on("request", agent.listener);
  const stop = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await agent.idle();
  };
  try {
    await agent.register();
    await agent.client.workflows.save(hello);
  } catch (error) {
    await stop();
    throw error;
  }
  return { workflow: hello.id, stop };
};

import { createHmac } from "node:crypto";
import type { HttpOutcome, HttpRequest } from "../../../src/agentkit/http-call.ts";
import { Services } from "./services.ts";
import { API_KEY, SECRET, type CrashWorld, type Reply } from "./world.ts";

type Json = Record<string, unknown>;

/** A task as an agent gets it. */
export interface Task {
  readonly attemptId: string;
  readonly attempt: number;
  readonly name: string;
  readonly parameters: Json;
}

/** What an agent does with a task: what it says before it answers, its answer, and what comes later. */
export interface Work {
  readonly inside?: () => Promise<void>;
  readonly status?: number;
  readonly body?: Json;
  readonly later?: readonly (readonly [afterMs: number, act: () => Promise<void>])[];
}

export interface Said {
  readonly useCase: string;
  readonly path: string;
  readonly reply: Reply;
}

interface Options {
  readonly headers?: Readonly<Record<string, string>>;
  /** What the first copy is answered, where that is no 2xx. */
  readonly expect?: number;
  /** What the sender does next. */
  readonly next?: (body: Json) => Promise<void>;
  /** How long it takes to think about that (ms). */
  readonly afterMs?: number;
}

const REPEAT_MS = 2_000;
const MAX_TRIES = 20;
const THINK_MS = 100;
const ANSWER = { kind: "answer", headers: { get: () => null }, truncated: false } as const;

/** Clients and agents: whoever gets no answer sends the very same request again, as P8 allows. */
export class People {
  readonly said: Said[] = [];
  /** How AgentKit takes a task of an agent; it forwards without telling anybody what became of it. */
  agentKit: (agentId: string, task: Task) => "forwards" | "loses" | "does not know" = () => "does not know";
  readonly #world: CrashWorld;
  readonly #hosts = new Map<string, (task: Task) => Work>();
  readonly #answers = new Map<string, Work>();
  #services: Services | null = null;
  #micros = 0;

  constructor(world: CrashWorld) {
    this.#world = world;
  }

  /** Somebody who takes tasks at `http://{host}.sim/task`. A task that comes again is answered again and not done twice. */
  agent(host: string, work: (task: Task) => Work): void {
    this.#hosts.set(host, work);
  }

  /** Somebody answers the calls that the engine makes itself; `leaseMs`: how long one of them is nobody else's. */
  serve(leaseMs: number): void {
    this.#services = new Services(this.#world, leaseMs);
  }

  /** Sends a request until it is answered. */
  say(useCase: string, method: string, path: string, body: unknown, options: Options = {}): Promise<void> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    return this.#world.errand(this.#send(useCase, method, path, text, options));
  }

  async #send(
    useCase: string,
    method: string,
    path: string,
    text: string,
    options: Options,
    tries = MAX_TRIES,
  ): Promise<void> {
    const headers = { Authorization: `Bearer ${API_KEY}`, "Content-Type": "application/json", ...options.headers };
    const reply = await this.#world.request(
      useCase,
      new Request(`http://opscore.sim${path}`, { method, headers, body: text }),
    );
    const again = (): Promise<void> => this.#world.errand(this.#send(useCase, method, path, text, options, tries - 1));
    const isLater = reply === null || reply.status === 503 || reply.body["code"] === "request_in_flight";
    if (tries > 0 && isLater) return this.#world.time.after(REPEAT_MS, again);
    if (reply === null) return void this.#world.bugs.push(`${useCase} was never answered`);
    const wanted = options.expect === undefined ? reply.status < 300 : reply.status === options.expect;
    if (!wanted) this.#world.bugs.push(`${useCase} was answered ${reply.status} ${JSON.stringify(reply.body)}`);
    this.said.push({ useCase, path, reply });
    const { next, afterMs = THINK_MS } = options;
    if (next !== undefined) this.#world.time.after(afterMs, () => next(reply.body));
  }

  /** A state report, stamped with the agent's own clock. */
  report(useCase: string, agentId: string, state: string, details: Json, options: Options = {}): Promise<void> {
    this.#micros = Math.max(this.#micros + 1, this.#world.time.now * 1_000);
    const whole = new Date(Math.floor(this.#micros / 1_000)).toISOString().slice(0, -1);
    const timestamp = `${whole}${String(this.#micros % 1_000).padStart(3, "0")}+00:00`;
    const body = { agentId, timestamp, state, details };
    return this.say(useCase, "POST", `/v1/opscore/agent/${agentId}/state`, body, options);
  }

  /** An agent settles its attempt, or says that it is alive, by call. */
  settle(useCase: string, verb: string, attemptId: string, body: Json, options: Options = {}): Promise<void> {
    return this.say(useCase, "POST", `/v1/opscore/tasks/${attemptId}/${verb}`, body, options);
  }

  put(useCase: string, agentId: string, capabilities: readonly string[], options: Options & Json = {}): Promise<void> {
    const { host = agentId, capacity = 1, ...rest } = options;
    const body = {
      agentName: `name of ${agentId}`,
      version: "1",
      capabilities,
      contactEndpoint: `http://${String(host)}.sim/task`,
      metadata: { config: { maxConcurrentTasks: capacity } },
    };
    return this.say(useCase, "PUT", `/v1/opscore/agents/${agentId}`, body, rest);
  }

  /** AgentKit's webhook, signed. */
  notify(useCase: string, type: "REGISTER" | "DEREGISTER", agent: Json, options: Options = {}): Promise<void> {
    const seconds = String(Math.floor(this.#world.time.now / 1_000));
    const details = { agentName: "", version: "1", capabilities: [], contactEndpoint: null, metadata: null, ...agent };
    const body = JSON.stringify({ event_type: type, agent_details: details });
    const signature = createHmac("sha256", SECRET).update(`${seconds}.${body}`).digest("hex");
    const headers = { "X-AgentKit-Timestamp": seconds, "X-AgentKit-Signature": signature };
    return this.say(useCase, "POST", "/v1/opscore/internal/agent/notify", body, { ...options, headers });
  }

  /** The engine's way out. */
  async receive(request: HttpRequest): Promise<HttpOutcome> {
    const served = this.#services?.receive(request) ?? null;
    if (served !== null) return served;
    const { url, body } = request;
    const { hostname, pathname } = new URL(url);
    if (hostname === "hook.sim") return { ...ANSWER, status: 204, body: "" };
    const { opscore_task_id: attemptId, payload } = JSON.parse(body) as { opscore_task_id: string; payload: Json };
    const task: Task = {
      attemptId,
      attempt: payload["attempt"] as number,
      name: payload["task_name"] as string,
      parameters: payload["task_parameters"] as Json,
    };
    if (hostname !== "agentkit.sim") return this.#give(hostname.replace(".sim", ""), task);
    const agentId = /^\/v1\/agents\/([^/]+)\/run$/.exec(pathname)?.[1] ?? "";
    const fate = this.agentKit(agentId, task);
    if (fate === "does not know") return { ...ANSWER, status: 404, body: '{"detail":"no such agent"}' };
    if (fate === "forwards") this.#world.time.after(10, async () => void (await this.#give(agentId, task)));
    return { ...ANSWER, status: 202, body: "{}" };
  }

  async #give(host: string, task: Task): Promise<HttpOutcome> {
    const work = this.#hosts.get(host);
    if (work === undefined) return { kind: "unreachable", reason: "refused the connection" };
    const known = this.#answers.get(task.attemptId);
    const { inside, status = 200, body = { status: "success" }, later = [] } = known ?? work(task);
    const answer: HttpOutcome = { ...ANSWER, status, body: JSON.stringify(body) };
    if (known !== undefined) return answer;
    this.#answers.set(task.attemptId, { status, body });
    for (const [afterMs, act] of later) this.#world.time.after(afterMs, act);
    await inside?.();
    return answer;
  }
}

import { d1Sql, type D1 } from "../../src/store/d1.ts";
import type { Script } from "./command.ts";
import { replay } from "./side.ts";

/** What the Worker below is asked to do, as JSON. */
export interface ReplayRequest {
  readonly script: Script;
  readonly dumpEach: boolean;
}

/** The side in workerd: a Worker that replays scripts over its D1 and answers with all that could be seen. */
export default {
  fetch: async (request: Request, env: { readonly DB: D1 }): Promise<Response> => {
    const { script, dumpEach } = (await request.json()) as ReplayRequest;
    return Response.json(await replay(d1Sql(env.DB), script, dumpEach));
  },
};

/** A deliberately broken engine: one piece of source replaced by another as the module is loaded. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly put: string;
  /** Why it cannot be told from the original; such a mutant is expected to survive. */
  readonly equivalent?: string;
}

const DECIDE = "src/core/session";

/** Each must be found out by the simulator within 2,000 schedules, unless an argument says why it is no defect. */
export const mutants: readonly Mutant[] = [
  { name: "no nonce", file: "src/store/commit-session.ts", find: "SELECT 1 FROM sessions WHERE id = ? AND tx = ?", put: "SELECT 1 WHERE ? <> ?" },
  { name: "no guard on the session's seq", file: "src/store/commit-session.ts", find: "WHERE id = ? AND seq = ?${guardDue}", put: "WHERE id = ? AND ? >= 0${guardDue}",
    equivalent:
      "the log's unique key (stream, seq) refuses the second writer of a row, the whole batch is rolled back, and the writer is told that it is stale",
  },
  { name: "agent claim outside the guard", file: "src/store/commit-session.ts", find: "const agents = agentGuard(commit);", put: "const agents = { ...agentGuard(commit), sql: \"\", args: [] };" },
  { name: "non-atomic commit", file: "src/store/sessions.ts", find: "plan.read(await sql.batch(plan.statements, \"write\"))", put: "plan.read([...(await sql.batch(plan.statements.slice(0, 2), \"write\")), ...(await sql.batch(plan.statements.slice(2), \"write\"))])" },
  { name: "an unknown commit is taken for done", file: "src/store/sessions.ts", find: "if (found?.rows[0]?.[\"tx\"] !== commit.nonce) throw error;", put: "if (found === undefined) throw error;" },
  { name: "an unknown commit is taken for stale", file: "src/store/sessions.ts", find: "if (found?.rows[0]?.[\"tx\"] !== commit.nonce) throw error;", put: "if (found !== undefined) return { kind: \"stale\" };", equivalent: "the next try loads again and finds what was committed: reports, settle calls and keyed starts answer as repeats, and what was not published is found by the sweep" },
  { name: "answered before the commit", file: "src/http/routes/legacy.ts", find: "const outcome = await reportAgentState(", put: "const outcome = await (async (...all: Parameters<typeof reportAgentState>) => { deps.defer.defer(() => reportAgentState(...all).then(() => undefined, () => undefined)); return null; })(" },
  { name: "no look for an agent after a wait", file: "src/store/commit-session.ts", find: "...[...queues].map(lookForNext),\n    ...commit.waitsAdded.map(lookForAgent),", put: "...[...new Set(commit.waitsRemoved.map((row) => row.queue))].map(lookForNext)," },
  { name: "no look for a task after a release", file: "src/store/commit-session.ts", find: "...[...freed].map(lookForTask)", put: "...[]" },
  { name: "no look for a task when an agent says it is free", file: "src/app/report-agent-state.ts", find: "return deps.store.insertReport(row, agent.seq, look);", put: "return deps.store.insertReport(row, agent.seq, look && false);" },
  { name: "no fence", file: `${DECIDE}/settle.ts`, find: "task?.phase === \"dispatched\" && task.attempt === attempt ? task : null", put: "task?.phase === \"dispatched\" ? task : null" },
  { name: "anybody may settle", file: `${DECIDE}/settle.ts`, find: "if (open !== null && (command.from === null || command.from === open.agentId))", put: "if (open !== null)" },
  { name: "attempt numbers are used again", file: `${DECIDE}/assign.ts`, find: "const attempt = task.attempt + 1;", put: "const attempt = Math.max(1, task.attempt);" },
  { name: "no start deadline", file: `${DECIDE}/deadlines.ts`, find: "startAt: watched ? since + timeout.startMs : null", put: "startAt: watched && timeout.startMs < 0 ? 0 : null" },
  { name: "no run deadline", file: `${DECIDE}/tick.ts`, find: "if (now >= runAt) {", put: "if (now >= runAt * 2) {" },
  { name: "lost lease", file: `${DECIDE}/tick.ts`, find: "if (leaseAt !== null && now >= leaseAt) {", put: "if (leaseAt !== null && now >= leaseAt * 2) {" },
  { name: "a tick does not look at the clock", file: `${DECIDE}/tick.ts`, find: "if (now >= runAt) {", put: "if (runAt > 0) {" },
  { name: "a retry starts at once", file: `${DECIDE}/tick.ts`, find: "if (turn.now >= task.retryAt) attempt(turn, n);", put: "if (turn.now >= 0 * task.retryAt) attempt(turn, n);" },
  { name: "a report is told apart by its body alone", file: "src/app/report-agent-state.ts", find: "JSON.stringify([report.sent, report.state, canonical(report.details)])", put: "JSON.stringify([report.state, canonical(report.details)])" },
  { name: "failures do not count", file: `${DECIDE}/settle.ts`, find: "counts: true,", put: "counts: false," },
  { name: "refusals count", file: `${DECIDE}/decide.ts`, find: "counts: command.outcome !== \"refused\",", put: "counts: true," },
  { name: "what is open outlives a failed session", file: `${DECIDE}/fail-task.ts`, find: "cancelTasks(turn, turn.state.open, { code: \"session_failed\"", put: "cancelTasks(turn, turn.state.open.slice(1), { code: \"session_failed\"" },
  { name: "a settled agent is not released", file: "src/core/agent/effects.ts", find: "case \"TaskCompleted\":\n      return {", put: "case \"TaskCompleted\":\n      return null as never;\n      return {" },
  { name: "an assigned task stays in its queue", file: "src/app/commit-decision.ts", find: "waitsRemoved: without(before, after),", put: "waitsRemoved: [],"},
  { name: "timers never get earlier", file: "src/app/commit-decision.ts", find: "next < current ? next : undefined", put: "next < 0 ? next : undefined" },
  { name: "a timer that is due is not made due again", file: "src/store/fragments.ts", find: "min(coalesce(due_at - 1, ?), ?)", put: "min(coalesce(due_at, ?), ?)" },
  { name: "a timer re-armed for later is left as it is", file: "src/store/commit-session.ts", find: "\" AND due_at <= ?\"", put: "\" AND (1 OR due_at <= ?)\"" },
  { name: "a timer made due meanwhile is overwritten", file: "src/store/sessions.ts", find: "UPDATE sessions SET due_at = ? WHERE id = ? AND seq = ? AND due_at IS ?", put: "UPDATE sessions SET due_at = ? WHERE id = ? AND seq = ? AND (1 OR due_at IS ?)" },
  { name: "attempts of a restarted agent are not made due", file: "src/store/commit-agent.ts", find: "if (gone === undefined) return [];", put: "if (gone !== null) return [];" },
  { name: "an older registration wins", file: "src/app/register-agent.ts", find: "if (own !== null && registration.signedAt < own.agent.signedAt) return \"outdated\";", put: "" },
  { name: "an agent takes more than it can", file: "src/core/agent/availability.ts", find: "if (held.length >= agent.capacity) {", put: "if (held.length > agent.capacity) {" },
  { name: "the log is not chained", file: "src/app/commit-decision.ts", find: "previous?.hash ?? \"\"", put: "\"\"" },
  { name: "a task may end before anybody says so", file: "src/core/report/interpret.ts", find: "const after = (moment: Moment): boolean => moment.sentMicros >", put: "const after = (moment: Moment): boolean => moment.sentMicros + 1e12 >" },
  { name: "the newest definition instead of the pinned one", file: "src/store/load.ts", find: "ON w.workflow_id = s.workflow_id AND w.revision = s.revision AND w.hash = s.definition_hash", put: "ON w.workflow_id = s.workflow_id" },
  { name: "a late result changes the agent's session", file: `${DECIDE}/evolve.ts`, find: "case \"LateResultRecorded\":", put: "case \"LateResultRecorded\":\n      return { ...state, dispatched: !state.dispatched };" },
  { name: "an Idempotency-Key is not looked up", file: "src/app/commit-start.ts", find: "if (earlier !== null) {", put: "if (earlier !== null && earlier.bodyHash === \"\") {" },
  { name: "a join waits for one alone", file: `${DECIDE}/enter-task.ts`, find: "if (ways.includes(\"open\")) return;", put: "if (ways.every((way) => way === \"open\")) return;" },
  { name: "a way that was not chosen is alive", file: `${DECIDE}/enter-task.ts`, find: "return from.chose === to ? \"live\" : \"dead\";", put: "return \"live\";" },
  { name: "what a dead way leads to is alive", file: `${DECIDE}/enter-task.ts`, find: "if (from.dead === true) return \"dead\";", put: "" },
  { name: "the last choice that holds is taken", file: `${DECIDE}/proceed.ts`, find: "of choices) {", put: "of choices.toReversed()) {" },
  { name: "a condition that is false ends the way", file: `${DECIDE}/evolve.ts`, find: "event.reason === \"not_reached\" ? { dead: true as const } : {}", put: "event.reason !== \"operator\" ? { dead: true as const } : {}" },
  { name: "the first is undone first", file: `${DECIDE}/fail-task.ts`, find: "rankOf(b) - rankOf(a) || b.n - a.n", put: "rankOf(a) - rankOf(b) || a.n - b.n" },
  { name: "a session that fails undoes nothing", file: `${DECIDE}/fail-task.ts`, find: "if (tasks.length === 0) return emit(", put: "if (tasks.length >= 0) return emit(" },
  { name: "a compensation that fails stops the others", file: `${DECIDE}/proceed.ts`, find: "else if (failing.left[0] === undefined) {", put: "else if (failing.left[0] === undefined || Object.values(turn.state.ended).at(-1)?.status === \"failed\") {" },
  { name: "a fallback's failure is borne", file: `${DECIDE}/proceed.ts`, find: "if (failed && !isTolerated(turn.facts.graph, taskId)) {", put: "if (failed && !isTolerated(turn.facts.graph, taskId) && node.fallbackTaskId === null) {" },
  { name: "a wait ends at once", file: `${DECIDE}/tick.ts`, find: "if (turn.now >= task.until) {", put: "if (turn.now >= task.until * 0) {" },
  { name: "a session lasts too long", file: `${DECIDE}/tick.ts`, find: "if (isOverdue(turn)) return;", put: "" },
  { name: "the report is not part of the commit", file: "src/store/commit-session.ts", find: "...(commit.report === null ? [] : [reportStatement(commit.report, committed(commit))]),", put: "" },
  { name: "a join does not wait for all", file: `${DECIDE}/enter-task.ts`, find: "if (node.join === \"any\" && isLive)", put: "if (isLive)" },
  { name: "a fallback's output is lost", file: `${DECIDE}/evolve.ts`, find: "seq: by?.seq ?? ended.seq, by: by?.by ?? event.by }", put: "by: by?.by ?? event.by }" },
  { name: "a child's end is not told to its parent", file: "src/app/commit-decision.ts", find: ": [...left, after.parent.sessionId];", put: ": left;" },
  { name: "a child that nobody waits for works on", file: "src/app/commit-decision.ts", find: "const left = childrenOf(before).filter((id) => !kept.has(id));", put: "const left = childrenOf(before).filter((id) => kept.has(id) && !kept.has(id));" },
  { name: "a child that is not there is not started again", file: `${DECIDE}/child.ts`, find: "if (turn.now < task.leaseUntil) return;", put: "if (turn.now < task.leaseUntil * 2) return;" },
  { name: "a call without an outcome is not made again", file: `${DECIDE}/tick.ts`, find: "if (turn.now >= task.leaseUntil) repeatCall(turn, task);", put: "if (turn.now >= task.leaseUntil * 2) repeatCall(turn, task);" },
  { name: "a call is made again within its lease", file: `${DECIDE}/tick.ts`, find: "if (turn.now >= task.leaseUntil) repeatCall(turn, task);", put: "if (turn.now >= task.sentAt + 5_000) repeatCall(turn, task);" },
  { name: "a call that is left to the queue is made at once, too", file: "src/app/publish.ts", find: "event.handedOn === true ? null : orderOf(", put: "orderOf(" },
  { name: "each copy of a hint makes the call", file: `${DECIDE}/call.ts`, find: "task.attempt !== attempt || task.handedOn !== true) return false;", put: "task.attempt !== attempt) return false;" },
  { name: "an attempt of a call has another key", file: "src/app/make-call.ts", find: "idempotencyKey: taskId,", put: "idempotencyKey: event.attemptId," },
  { name: "a paused session begins what comes next", file: `${DECIDE}/begin-work.ts`, find: "if (turn.state.paused !== undefined) return;", put: "" },
  { name: "a paused session's tasks stay in their queues", file: "src/app/commit-decision.ts", find: "(state?.paused === undefined ? (state?.open ?? []) : [])", put: "(state?.open ?? [])" },
  { name: "an early signal is lost", file: `${DECIDE}/await.ts`, find: "if (isSignal && takeSignal(turn, task.taskId, n, name)) return;", put: "" },
  { name: "a signal is taken twice", file: `${DECIDE}/evolve.ts`, find: "event.signal === undefined ? state : withoutSignal(state, event.signal)", put: "event.signal === undefined ? state : state" },
  { name: "a signal with the same key is another", file: `${DECIDE}/decide.ts`, find: "const earlier = answeredBefore(before, key);", put: "const earlier = type === \"SignalSession\" ? undefined : answeredBefore(before, key);" },
  { name: "an approval's time-out is ignored", file: `${DECIDE}/await.ts`, find: "if (until === null || turn.now < until) return;", put: "if (until === null || what === \"approval\" || turn.now < until) return;" },
  { name: "a rejection without a comment approves", file: `${DECIDE}/await.ts`, find: "  if (approved) {", put: "  if (approved || comment === null) {" },
  { name: "an item is entered twice", file: `${DECIDE}/evolve.ts`, find: "{ ...task, next: task.next + 1 }", put: "{ ...task, next: task.next }" },
  { name: "a map has one item too many under way", file: `${DECIDE}/map-room.ts`, find: "own.length < mapOf(graph, map).maxConcurrency", put: "own.length <= mapOf(graph, map).maxConcurrency" },
  { name: "a map's outputs are in the order of their ends", file: `${DECIDE}/map-items.ts`, find: "if (index !== undefined) outputs[index] = event.output;", put: "if (index !== undefined) outputs[outputs.indexOf(null)] = event.output;" },
  { name: "an operator's word does not free the agent", file: `${DECIDE}/control.ts`, find: "if (task.phase === \"dispatched\") return takeBack(turn, task, \"superseded\", error);", put: "" },
  { name: "a fire of a schedule is decided twice", file: "src/store/schedules.ts", find: "sql: \"id = ? AND incarnation = ? AND seq = ? AND", put: "sql: \"id = ? AND incarnation = ? AND ? >= 0 AND" },
  { name: "a schedule fires twice under doubled ticks", file: "src/app/schedules/make-starts.ts", find: "key: fireKey(id, incarnation, start), bodyHash", put: "key: `${fireKey(id, incarnation, start)} ${deps.clock.now()}`, bodyHash" },
  { name: "a schedule does not look what still runs", file: "src/core/schedule/plan-fires.ts", find: "const running = state.running.filter((id) => open.has(id));", put: "const running = state.running.filter((id) => open.has(id) && !open.has(id));" },
  { name: "a fire that waits is forgotten", file: "src/store/schedules.ts", find: "WHERE c.waits_for IS NOT NULL AND (e.id IS NULL OR", put: "WHERE c.waits_for IS NULL AND (e.id IS NULL OR" },
  { name: "a single task does not wait for its time", file: "src/app/single-task.ts", find: "const tasks = wait === null ? [work] : [{ taskId: SINGLE_TASK_WAIT, type: \"wait\", ...wait }, work];", put: "const tasks = wait === null ? [work] : [{ taskId: SINGLE_TASK_WAIT, type: \"wait\", for: \"0s\" }, work];" },
  { name: "a rerun carries what comes after its task", file: `${DECIDE}/rerun.ts`, find: ".filter((one) => !anew.has(one) && isSettled(", put: ".filter((one) => (one !== taskId || !anew.has(one)) && isSettled(" },
  { name: "a rerun carries another task's output", file: `${DECIDE}/rerun.ts`, find: "from: { sessionId, seq, n: numberOf(ended) },", put: "from: { sessionId, seq, n: numberOf(ended) + 1 }," },
  { name: "a rerun runs again what had settled", file: `${DECIDE}/rerun.ts`, find: "const anew = onwardFrom(graph, taskId);", put: "const anew = new Set([...onwardFrom(graph, taskId), mainTasks(graph)[0]]);" },
  { name: "a rerun of a rerun names the one in between", file: `${DECIDE}/rerun.ts`, find: "placeOf(state, ended) ?? [state.id, ended.seq]", put: "[state.id, placeOf(state, ended)?.[1] ?? ended.seq]" },
  { name: "a rerun carries what was undone", file: `${DECIDE}/rerun.ts`, find: "if (gone !== undefined) return", put: "if (gone === \"\") return" },
  { name: "the input of a rerun is the old one", file: "src/app/rerun-session.ts", find: "input: wish.input ?? inputOf(facts),", put: "input: inputOf(facts)," },
  { name: "the parameters of a rerun are the old ones", file: "src/app/rerun-session.ts", find: "parameters: parameters ?? {},", put: "parameters: {}," },
  { name: "a rerun's key is forgotten", file: "src/app/rerun-session.ts", find: "await loadEnded(deps, sessionId), wish, idempotency, cause)", put: "await loadEnded(deps, sessionId), wish, null, cause)" },
  { name: "what has not ended is run again", file: "src/app/rerun-session.ts", find: "if (state.status !== \"open\") return { state, facts };", put: "if (state.id !== \"\") return { state, facts };" },
  { name: "a bulk rerun under a key runs a session again twice", file: "src/app/bulk-sessions.ts", find: "key === null ? null : idempotencyOf(key, sessionId), cause)", put: "null, cause)" },
  { name: "a bulk rerun runs its own work again", file: "src/app/bulk-sessions.ts", find: "if (key !== null && (await isOwnWork(deps, ended, key))) return [];", put: "" },
  { name: "a dry run of a bulk action acts", file: "src/http/routes/reruns.ts", find: "if (dryRun === true)", put: "if (dryRun === null as never)" },
  { name: "a page of a bulk action passes one over", file: "src/app/bulk-sessions.ts", find: "for (const [at, sessionId] of rows.entries()) {", put: "for (const [at, sessionId] of rows.entries()) {\n    if (at > 1) continue;" },
]; // prettier-ignore

/** The source with the mutant in it; throws when the mutant no longer fits. */
export const mutate = (mutant: Mutant, source: string): string => {
  const parts = source.split(mutant.find);
  if (parts.length !== 2) throw new Error(`mutant "${mutant.name}": ${parts.length - 1} places in ${mutant.file}`);
  return parts.join(mutant.put);
};

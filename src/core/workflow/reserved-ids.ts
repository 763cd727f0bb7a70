/** The workflow id under which single tasks are kept: each is a session of one task. */
export const SINGLE_TASK = "opscore.single-task";

/** What a single task is called in its definition, and the wait before it. */
export const SINGLE_TASK_WORK = "task";
export const SINGLE_TASK_WAIT = "wait";

/** Whether a workflow's id is kept for the engine's own. In any case of letters, so that none looks like one of ours. */
export const isReservedId = (id: string): boolean => /^opscore\./i.test(id);

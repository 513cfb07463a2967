/** One item as n8n keeps it with an execution. */
export interface ExecutionItem {
	json: Record<string, unknown>;
	binary?: Record<string, { id?: string; data: string; fileName?: string; mimeType: string }>;
	pairedItem?: unknown;
}

/** One run of one node: its items by output, and the error that ended it, if any. */
export interface NodeRun {
	node: string;
	/** Items of the first output. */
	items: ExecutionItem[];
	outputs: ExecutionItem[][];
	error?: { message: string; description?: string | null };
	status: string;
}

export interface Execution {
	id: string;
	status: string;
	mode: string;
	/** What the execution ended with, if it failed. */
	error?: { message: string; description?: string | null };
	lastNode?: string;
	/** Runs by node name; a node that did not run has none. */
	runs: Map<string, NodeRun[]>;
	/** Node names in the order they started. */
	order: string[];
}

interface RawTask {
	startTime: number;
	executionIndex?: number;
	executionStatus?: string;
	data?: { main?: (ExecutionItem[] | null)[] };
	error?: { message: string; description?: string | null };
}

/** Reads n8n's answer to `GET /executions/<id>`, whose `data` is a string in the *flatted* notation. */
export function readExecution(raw: { id: string; status: string; mode: string; data: unknown }): Execution {
	const data = (typeof raw.data === 'string' ? unflatten(raw.data) : raw.data) as {
		resultData?: { runData?: Record<string, RawTask[]>; error?: Execution['error']; lastNodeExecuted?: string };
	};
	const result = data?.resultData ?? {};
	const tasks = Object.entries(result.runData ?? {}).flatMap(([node, list]) => list.map((task) => ({ node, task })));
	tasks.sort((a, b) => (a.task.executionIndex ?? a.task.startTime) - (b.task.executionIndex ?? b.task.startTime));
	const runs = new Map<string, NodeRun[]>();
	for (const { node, task } of tasks) {
		const outputs = (task.data?.main ?? []).map((items) => items ?? []);
		const run: NodeRun = { node, outputs, items: outputs[0] ?? [], status: task.executionStatus ?? 'unknown' };
		if (task.error !== undefined) {
			run.error = task.error;
		}
		runs.set(node, [...(runs.get(node) ?? []), run]);
	}
	return {
		id: raw.id,
		status: raw.status,
		mode: raw.mode,
		runs,
		order: tasks.map(({ node }) => node),
		...(result.error === undefined ? {} : { error: result.error }),
		...(result.lastNodeExecuted === undefined ? {} : { lastNode: result.lastNodeExecuted }),
	};
}

/** The first run of a node; fails with what did run if it has none. */
export function nodeRun(execution: Execution, node: string): NodeRun {
	const run = execution.runs.get(node)?.[0];
	if (run === undefined) {
		const ran = execution.order.join(', ') || 'nothing';
		throw new Error(`“${node}” did not run. Ran: ${ran}. Ended ${execution.status}: ${execution.error?.message ?? 'no error'}`);
	}
	return run;
}

/** *flatted*: a list whose strings inside objects and lists are indexes into that list. */
function unflatten(text: string): unknown {
	const table = JSON.parse(text) as unknown[];
	const done = new Map<number, unknown>();
	const at = (index: number): unknown => {
		if (done.has(index)) {
			return done.get(index);
		}
		const value = table[index];
		if (value === null || typeof value !== 'object') {
			done.set(index, value);
			return value;
		}
		const target: Record<string, unknown> | unknown[] = Array.isArray(value) ? [] : {};
		done.set(index, target);
		for (const [key, part] of Object.entries(value)) {
			(target as Record<string, unknown>)[key] = typeof part === 'string' ? at(Number(part)) : part;
		}
		return target;
	};
	return at(0);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { type Execution, type NodeRun, readExecution } from './execution';

export interface Owner {
	email: string;
	password: string;
}

export interface WorkflowJson {
	id: string;
	name: string;
	nodes: WorkflowNode[];
	connections: Record<string, unknown>;
	settings?: Record<string, unknown>;
	active?: boolean;
	[key: string]: unknown;
}

export interface WorkflowNode {
	id: string;
	name: string;
	type: string;
	typeVersion: number;
	position: [number, number];
	parameters: Record<string, unknown>;
	credentials?: Record<string, { id?: string | null; name: string }>;
	[key: string]: unknown;
}

const defaultTimeoutMs = 300_000;
const databaseTimeoutMs = 60_000;

/** n8n's own REST API, as the editor uses it, signed in as the owner. */
export class N8nClient {
	readonly owner: Owner = { email: 'owner@demo.example', password: 'Backup-Demo-2026' };
	private cookie = '';

	constructor(readonly url: string) {}

	/** Ready means more than listening: the database is migrated and the REST routes are there. */
	async isReady(): Promise<boolean> {
		try {
			const health = await fetch(`${this.url}/healthz/readiness`);
			if (!health.ok) {
				return false;
			}
			const settings = await fetch(`${this.url}/rest/settings`);
			return settings.ok && (settings.headers.get('content-type') ?? '').includes('json');
		} catch {
			return false; // not listening yet
		}
	}

	/** Makes the owner on a fresh n8n, signs in on one that has an owner. */
	async signIn(): Promise<void> {
		const { email, password } = this.owner;
		const setup = { email, firstName: 'Demo', lastName: 'Owner', password };
		const made = await this.send('POST', '/rest/owner/setup', setup);
		const answer = made.ok ? made : await this.send('POST', '/rest/login', { emailOrLdapLoginId: email, password });
		if (!answer.ok) {
			throw new Error(`Signing in to n8n failed: ${answer.status} ${await answer.text()}`);
		}
		this.cookie = answer.headers
			.getSetCookie()
			.map((line) => line.split(';')[0])
			.join('; ');
	}

	async request<T>(method: string, path: string, body?: unknown): Promise<T> {
		const answer = await this.send(method, `/rest${path}`, body);
		if (!answer.ok) {
			throw new Error(`n8n answered ${answer.status} to ${method} ${path}: ${(await answer.text()).slice(0, 2000)}`);
		}
		return ((await answer.json()) as { data: T }).data;
	}

	async createCredential(name: string, type: string, data: Record<string, unknown>): Promise<string> {
		const { id } = await this.request<{ id: string }>('POST', '/credentials', { name, type, data });
		return id;
	}

	/** Names of all node types that the editor gets to know. */
	async nodeTypes(): Promise<string[]> {
		const answer = await this.send('GET', '/types/nodes.json');
		return ((await answer.json()) as { name: string }[]).map(({ name }) => name);
	}

	/** Runs the credential's own test, as the editor does on Save. */
	async testCredential(id: string, name: string, type: string, data: Record<string, unknown>): Promise<{ status: string; message: string }> {
		return this.request('POST', '/credentials/test', { credentials: { id, name, type, data } });
	}

	/** Imports a workflow as it is; credentials that it names are found by type and name. */
	async importWorkflow(workflow: WorkflowJson): Promise<WorkflowJson> {
		return this.request<WorkflowJson>('POST', '/workflows', { ...workflow, active: false });
	}

	async workflow(id: string): Promise<WorkflowJson> {
		return this.request<WorkflowJson>('GET', `/workflows/${id}`);
	}

	/** Replaces nodes and connections of a workflow, as saving in the editor does. */
	async updateWorkflow(id: string, workflow: WorkflowJson): Promise<WorkflowJson> {
		const { versionId } = await this.workflow(id);
		const { name, nodes, connections, settings } = workflow;
		return this.request<WorkflowJson>('PATCH', `/workflows/${id}`, { name, nodes, connections, settings, versionId });
	}

	async deleteWorkflow(id: string): Promise<void> {
		await this.request('POST', `/workflows/${id}/archive`, {});
		await this.request('DELETE', `/workflows/${id}`);
	}

	/** Starts a workflow from a named trigger, as the button in the editor does. */
	async start(workflowId: string, trigger: string): Promise<string> {
		const { executionId } = await this.request<{ executionId: string }>('POST', `/workflows/${workflowId}/run`, {
			triggerToStartFrom: { name: trigger },
		});
		return executionId;
	}

	async run(workflowId: string, trigger: string, timeoutMs = defaultTimeoutMs): Promise<Execution> {
		return this.finished(await this.start(workflowId, trigger), timeoutMs);
	}

	async stopExecution(id: string): Promise<void> {
		await this.request('POST', `/executions/${id}/stop`);
	}

	/** Publishes a workflow, so that its schedule and webhooks run by themselves. */
	async activate(id: string): Promise<void> {
		const { versionId } = await this.request<{ versionId: string }>('GET', `/workflows/${id}`);
		await this.request('POST', `/workflows/${id}/activate`, { versionId });
	}

	async deactivate(id: string): Promise<void> {
		await this.request('POST', `/workflows/${id}/deactivate`, {});
	}

	async executions(workflowId: string): Promise<{ id: string; status: string; mode: string }[]> {
		const filter = encodeURIComponent(JSON.stringify({ workflowId }));
		const page = await this.request<{ results: { id: string; status: string; mode: string }[] }>(
			'GET',
			`/executions?filter=${filter}&limit=100`,
		);
		return page.results;
	}

	async execution(id: string): Promise<Execution> {
		return readExecution(await this.request('GET', `/executions/${id}`));
	}

	/** Waits until an execution has ended, whichever way, and returns it with its data. */
	async finished(id: string, timeoutMs = defaultTimeoutMs): Promise<Execution> {
		const deadline = Date.now() + timeoutMs;
		for (;;) {
			const found = await this.execution(id);
			if (!['new', 'running', 'waiting'].includes(found.status)) {
				return found;
			}
			if (Date.now() > deadline) {
				throw new Error(`Execution ${id} still ${found.status} after ${timeoutMs / 1000} s`);
			}
			await sleep(200);
		}
	}

	/** The bytes of a binary that an execution left behind. */
	async binary(run: NodeRun, index: number, property = 'data'): Promise<Buffer> {
		const binary = run.items[index]?.binary?.[property];
		if (binary === undefined) {
			throw new Error(`Item ${index} of ${run.node} has no binary “${property}”`);
		}
		if (binary.id === undefined) {
			return Buffer.from(binary.data, 'base64');
		}
		const answer = await this.send('GET', `/rest/binary-data?id=${encodeURIComponent(binary.id)}&action=download`);
		return Buffer.from(await answer.arrayBuffer());
	}

	/** As long as n8n finds its database too slow, on a busy machine, it does nothing and says 503. */
	private async send(method: string, path: string, body?: unknown): Promise<Response> {
		for (const deadline = Date.now() + databaseTimeoutMs; ; ) {
			const answer = await this.sendOnce(method, path, body);
			if (answer.status !== 503 || Date.now() > deadline) return answer;
			await sleep(500);
		}
	}

	private async sendOnce(method: string, path: string, body?: unknown): Promise<Response> {
		return fetch(`${this.url}${path}`, {
			method,
			headers: {
				'content-type': 'application/json',
				'browser-id': 'end-to-end',
				// On a busy machine n8n may close a kept connection in the very moment in which it is used again.
				connection: 'close',
				...(this.cookie === '' ? {} : { cookie: this.cookie }),
			},
			...(body === undefined ? {} : { body: JSON.stringify(body) }),
		});
	}
}

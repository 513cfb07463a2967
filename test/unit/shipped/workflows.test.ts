import { NodeHelpers, type INode, type INodeParameters } from 'n8n-workflow';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { M365Backup } from '../../../nodes/M365Backup/M365Backup.node';

interface Node {
	id: string;
	name: string;
	type: string;
	typeVersion: number;
	parameters: Record<string, unknown>;
	credentials?: Record<string, { id?: string | null; name: string }>;
	webhookId?: string;
}

interface Workflow {
	id: string;
	name: string;
	nodes: Node[];
	connections: Record<string, { main: { node: string; type: string; index: number }[][] }>;
	active: boolean;
	settings: Record<string, unknown>;
}

const folder = resolve(__dirname, '../../../workflows');
const ourType = 'n8n-nodes-m365-backup.m365Backup';
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const description = new M365Backup().description;

const all = files.map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Workflow);

describe('the shipped workflows', () => {
	it('have ids and names of their own, and so have their nodes and webhooks', () => {
		const nodes = all.flatMap((workflow) => workflow.nodes);
		for (const values of [all.map(({ id }) => id), all.map(({ name }) => name), nodes.map(({ id }) => id), nodes.flatMap(({ webhookId }) => webhookId ?? [])]) {
			expect(values.filter((value, index) => values.indexOf(value) !== index)).toEqual([]);
		}
	});
});

describe.each(files)('workflows/%s', (file) => {
	const workflow = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Workflow;
	const ours = workflow.nodes.filter(({ type }) => type === ourType);

	it('can be imported more than once: a stable, short id, switched off, execution order v1', () => {
		expect(workflow.id).toMatch(/^[A-Za-z0-9]{5,21}$/);
		expect(workflow.active).toBe(false);
		expect(workflow.settings['executionOrder']).toBe('v1');
	});

	it('connects only nodes that are there, each name once', () => {
		const names = workflow.nodes.map(({ name }) => name);
		expect(new Set(names).size).toBe(names.length);
		for (const [from, { main }] of Object.entries(workflow.connections)) {
			expect(names).toContain(from);
			for (const { node } of main.flat()) {
				expect(names).toContain(node);
			}
		}
	});

	it('can be run by hand or by a form, explains itself, and names its credentials', () => {
		const types = workflow.nodes.map(({ type }) => type);
		expect(types.some((type) => ['n8n-nodes-base.manualTrigger', 'n8n-nodes-base.formTrigger'].includes(type))).toBe(true);
		expect(types).toContain('n8n-nodes-base.stickyNote');
		for (const { credentials } of workflow.nodes) {
			for (const credential of Object.values(credentials ?? {})) {
				// Without an id of null, n8n's import takes the first credential of the type, whatever its name and whosever it is.
				expect(credential).toEqual({ id: null, name: expect.any(String) });
			}
		}
	});

	it('gives our node only parameters that it has, and all that it requires', () => {
		// What tells people that something failed needs nothing of ours, and must not fail with it.
		expect(ours.length > 0).toBe(!file.startsWith('alert-by-'));
		for (const node of ours) {
			const full = { ...node, position: [0, 0] } as unknown as INode;
			const given = node.parameters as INodeParameters;
			const known = NodeHelpers.getNodeParameters(description.properties, given, true, false, full, description);
			for (const name of Object.keys(given)) {
				expect(Object.keys(known ?? {}), `${node.name}: ${name}`).toContain(name);
			}
			const issues = NodeHelpers.getNodeParametersIssues(description.properties, { ...full, parameters: known ?? {} }, description);
			expect(issues, node.name).toBeNull();
			for (const type of Object.keys(node.credentials ?? {})) {
				expect(description.credentials?.map(({ name }) => name)).toContain(type);
			}
		}
	});

	it('never lets our node read $json, which a storage node in between would have changed', () => {
		for (const node of ours) {
			expect(JSON.stringify(node.parameters), node.name).not.toContain('$json');
		}
	});

	it('names only nodes that are there in its expressions', () => {
		const names = workflow.nodes.map(({ name }) => name);
		for (const [, quoted] of JSON.stringify(workflow.nodes.map(({ parameters }) => parameters)).matchAll(/\$\('([^']+)'\)/g)) {
			expect([...names, 'Write Mail']).toContain(quoted);
		}
	});

	const forms = workflow.nodes.filter(({ type }) => type === 'n8n-nodes-base.formTrigger');
	const asks = workflow.nodes.filter(({ parameters }) => parameters['operation'] === 'sendAndWait').map(({ name }) => name);

	it('opens a form to signed-in people only', () => {
		for (const { parameters } of forms) expect(parameters['authentication']).toBe('n8nUserAuth');
	});

	if (forms.length > 0 && asks.length === 0) it('takes the mailbox from n8n, never from what the browser sends', () => {
		for (const { name } of forms) {
			const sources = ours.map((node) => JSON.stringify(node.parameters['source']));
			expect(new Set(sources).size).toBe(1);
			const [, from] = /\$\('([^']+)'\)/.exec(sources[0]!)!;
			const setter = JSON.stringify(workflow.nodes.find((node) => node.name === from)!.parameters);
			const mailbox = /"name":"mailbox","type":"string","value":"(.*?[^\\])"/.exec(setter)![1]!;
			const read = [...mailbox.matchAll(new RegExp(String.raw`\$\('${name}'\)\.first\(\)\.json\.(\w+)`, 'g'))].map(([, field]) => field);
			expect(new Set(read)).toEqual(new Set(['user']));
		}
	});

	if (asks.length > 0) it('restores and prunes nothing that nobody was asked about', () => {
		const reached = new Set(workflow.nodes.filter(({ type }) => /trigger$/i.test(type)).map(({ name }) => name));
		for (const name of reached) {
			if (asks.includes(name)) continue;
			for (const { node } of workflow.connections[name]?.main.flat() ?? []) reached.add(node);
		}
		const writing = ours.filter(({ parameters }) => ['restore', 'prune'].includes(String(parameters['mode']))).map(({ name }) => name);
		expect(writing.length).toBeGreaterThan(0);
		expect(writing.filter((name) => reached.has(name))).toEqual([]);
	});

	if (ours.length > 0) it('uses one repository throughout', () => {
		const inSettings = "={{ $('Settings').first().json.repositoryFolder }}";
		const settings = workflow.nodes.find(({ name }) => name === 'Settings')?.parameters['assignments'] as { assignments: { name: string; value: unknown }[] } | undefined;
		const setTo = settings?.assignments.find(({ name }) => name === 'repositoryFolder')?.value;
		const folders = ours.filter(({ parameters }) => 'repositoryFolder' in parameters).map(({ parameters }) => (parameters['repositoryFolder'] === inSettings ? (setTo ?? 'nothing') : parameters['repositoryFolder']));
		const [folderOfAll, ...others] = new Set(folders);
		expect(others).toEqual([]);
		// A sub-workflow gets it from the workflow that calls it.
		if (!String(folderOfAll).startsWith('=')) expect(folderOfAll).toBe('~/.n8n-files/m365-backup');
	});
});

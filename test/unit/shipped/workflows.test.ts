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
	credentials?: Record<string, { id?: string; name: string }>;
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

	it('can be run by hand or by a form, explains itself, and names credentials without ids', () => {
		const types = workflow.nodes.map(({ type }) => type);
		expect(types.some((type) => ['n8n-nodes-base.manualTrigger', 'n8n-nodes-base.formTrigger'].includes(type))).toBe(true);
		expect(types).toContain('n8n-nodes-base.stickyNote');
		for (const { credentials } of workflow.nodes) {
			for (const credential of Object.values(credentials ?? {})) {
				expect(Object.keys(credential)).toEqual(['name']);
			}
		}
	});

	it('gives our node only parameters that it has, and all that it requires', () => {
		expect(ours.length).toBeGreaterThan(0);
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

	it('opens a form to signed-in people only, and takes the mailbox from n8n, never from what the browser sends', () => {
		for (const { name, parameters } of workflow.nodes.filter(({ type }) => type === 'n8n-nodes-base.formTrigger')) {
			expect(parameters['authentication']).toBe('n8nUserAuth');
			const sources = ours.map((node) => JSON.stringify(node.parameters['source']));
			expect(new Set(sources).size).toBe(1);
			const [, from] = /\$\('([^']+)'\)/.exec(sources[0]!)!;
			const setter = JSON.stringify(workflow.nodes.find((node) => node.name === from)!.parameters);
			const mailbox = /"name":"mailbox","type":"string","value":"(.*?[^\\])"/.exec(setter)![1]!;
			const read = [...mailbox.matchAll(new RegExp(String.raw`\$\('${name}'\)\.first\(\)\.json\.(\w+)`, 'g'))].map(([, field]) => field);
			expect(new Set(read)).toEqual(new Set(['user']));
		}
	});

	it('uses one repository throughout', () => {
		const folders = new Set(ours.filter(({ parameters }) => 'repositoryFolder' in parameters).map(({ parameters }) => parameters['repositoryFolder']));
		expect(folders).toEqual(new Set(['~/.n8n-files/m365-backup']));
	});
});

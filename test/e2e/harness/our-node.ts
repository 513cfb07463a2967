import { credentialNames, microsoftCredentialType } from './credentials';
import type { WorkflowJson, WorkflowNode } from './n8n-client';
import { ourNodeType } from './shipped-workflows';

/** A small workflow of a test: nodes in a row, the first one a Manual Trigger called `Start`. */
export function chain(id: string, nodes: readonly WorkflowNode[]): WorkflowJson {
	const start = node('Start', 'n8n-nodes-base.manualTrigger', 1, {});
	const all = [start, ...nodes].map((each, index) => ({ ...each, position: [index * 240, 0] as [number, number] }));
	const connections = Object.fromEntries(
		all.slice(0, -1).map((each, index) => [each.name, { main: [[{ node: all[index + 1]!.name, type: 'main', index: 0 }]] }]),
	);
	return { id, name: id, nodes: all, connections, settings: { executionOrder: 'v1' } };
}

export function node(name: string, type: string, typeVersion: number, parameters: Record<string, unknown>, more: Partial<WorkflowNode> = {}): WorkflowNode {
	return { id: name, name, type, typeVersion, position: [0, 0], parameters, ...more };
}

/** An M365 Backup node; `resource/operation` as n8n stores them, e.g. `mailbox/backUp`. */
export function ourNode(name: string, what: string, parameters: Record<string, unknown>, more: Partial<WorkflowNode> = {}): WorkflowNode {
	const [resource = '', operation = ''] = what.split('/');
	const withOptions = ['backUp', 'importFiles'].includes(operation)
		? { ...parameters, options: { useAnyway: true, ...(parameters['options'] as object | undefined) } }
		: parameters;
	return node(name, ourNodeType, 1, { resource, operation, ...withOptions }, {
		credentials: { [microsoftCredentialType]: { name: credentialNames.microsoft } },
		...more,
	});
}

/** A resource locator value. */
export function pick(value: string, mode = 'id'): Record<string, unknown> {
	return { __rl: true, mode, value };
}

/** One item for each value, as an Edit Fields node before ours would give them. */
export function items(name: string, field: string, values: readonly string[]): WorkflowNode[] {
	const list = JSON.stringify(values.map((value) => ({ [field]: value })));
	return [
		node(`${name} list`, 'n8n-nodes-base.set', 3.4, { mode: 'raw', jsonOutput: `={{ { list: ${list} } }}`, options: {} }),
		node(name, 'n8n-nodes-base.splitOut', 1, { fieldToSplitOut: 'list', options: {} }),
	];
}

/** The same workflow with everything that was higher on the canvas now lower: n8n runs branches by height. */
export function swapped(workflow: WorkflowJson): WorkflowJson {
	const nodes = workflow.nodes.map((each) => ({ ...each, position: [each.position[0], -each.position[1]] as [number, number] }));
	return { ...workflow, id: `${workflow.id.slice(0, 18)}Sw`, name: `${workflow.name} (swapped)`, nodes };
}

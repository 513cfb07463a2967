import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { WorkflowJson, WorkflowNode } from './n8n-client';

const folder = resolve(__dirname, '../../../workflows');
export const ourNodeType = 'n8n-nodes-m365-backup.m365Backup';

/** File names of the workflows that the package ships. */
export async function shippedWorkflowFiles(): Promise<string[]> {
	return (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
}

/** A shipped workflow exactly as it is in the package. */
export async function shippedWorkflow(file: string): Promise<WorkflowJson> {
	return JSON.parse(await readFile(join(folder, file), 'utf8')) as WorkflowJson;
}

/**
 * A shipped workflow as an administrator of this machine would set it up: the copy goes into a folder of this n8n, and
 * backups may lie inside a container, since what tests and demo store is thrown away anyway.
 */
export async function workflowForHere(file: string, filesFolder: string): Promise<WorkflowJson> {
	const text = JSON.stringify(await shippedWorkflow(file));
	const workflow = JSON.parse(text.replaceAll('/home/node/.n8n-files', filesFolder)) as WorkflowJson;
	for (const node of workflow.nodes.filter(({ type }) => type === ourNodeType)) {
		if (['backUp', 'importFiles'].includes(String(node.parameters['operation']))) {
			node.parameters['options'] = { ...(node.parameters['options'] as object | undefined), useAnyway: true };
		}
	}
	return workflow;
}

/** A node of a workflow by its name. */
export function nodeNamed(workflow: WorkflowJson, name: string): WorkflowNode {
	const node = workflow.nodes.find((candidate) => candidate.name === name);
	if (node === undefined) {
		throw new Error(`Workflow “${workflow.name}” has no node “${name}”`);
	}
	return node;
}

/** Sets values in an Edit Fields node. */
export function setFields(workflow: WorkflowJson, nodeName: string, values: Record<string, unknown>): void {
	const { assignments } = nodeNamed(workflow, nodeName).parameters['assignments'] as {
		assignments: { name: string; value: unknown }[];
	};
	for (const [name, value] of Object.entries(values)) {
		const field = assignments.find((candidate) => candidate.name === name);
		if (field === undefined) {
			throw new Error(`“${nodeName}” has no field “${name}”`);
		}
		field.value = value;
	}
}

import { BadInput } from './bad-input';
import { customerCredentialName, neededCredentials, type NeededCredential } from './customer-credentials';
import { withCustomerValues } from './customer-values';
import type { FreshIds } from './fresh-ids';
import { alertChannels, type CloneOptions } from './options';
import { calledBy, withNewReferences, type Identities } from './references';
import type { JsonObject, NodeJson, WorkflowJson } from './workflow-json';

export interface ClonedSet {
	/** By file name without `.json`. */
	workflows: Map<string, WorkflowJson>;
	credentials: NeededCredential[];
	/** File names of those that nobody chose, but that chosen ones call. */
	broughtAlong: string[];
}

/** Nobody needs alert workflows that nothing calls. */
const alertFiles = new Map(alertChannels.map((channel) => [channel, `alert-by-${channel}`]));

/**
 * A customer's own set.
 *
 * @param shipped all shipped workflows by file name without `.json`
 */
export function cloneSet(shipped: ReadonlyMap<string, WorkflowJson>, options: CloneOptions, ids: FreshIds): ClonedSet {
	const { files, broughtAlong } = chosenFiles(shipped, options);
	const identities: Identities = new Map(
		files.map((file) => {
			const { id, name } = workflowOf(shipped, file);
			return [id, { id: ids.workflow(id), name: `${options.customer} – ${name}` }] as const;
		}),
	);
	const alertId = options.alert === undefined ? undefined : workflowOf(shipped, `alert-by-${options.alert}`).id;
	const workflows = new Map(files.map((file) => [file, cloned(workflowOf(shipped, file), { options, ids, identities, alertId })]));
	return { workflows, broughtAlong, credentials: neededCredentials([...workflows.values()], options) };
}

function chosenFiles(shipped: ReadonlyMap<string, WorkflowJson>, { only, alert }: CloneOptions): { files: string[]; broughtAlong: string[] } {
	const unknown = (only ?? []).filter((file) => !shipped.has(file));
	if (unknown.length > 0) throw new BadInput(`There is no workflow ${unknown.join(', ')}. There are:\n  ${[...shipped.keys()].join('\n  ')}`);
	if (only?.length === 0) throw new BadInput('--only names no workflow.');
	const chosen = new Set(only ?? [...shipped.keys()].filter((file) => ![...alertFiles.values()].includes(file)));
	const alertFile = alert === undefined ? undefined : alertFiles.get(alert);
	if (alertFile !== undefined) chosen.add(alertFile);
	const fileById = new Map([...shipped].map(([file, { id }]) => [id, file]));
	const broughtAlong: string[] = [];
	// A Set goes on to what is added while it is walked: what a called one calls comes along, too.
	for (const file of chosen) {
		for (const id of calledBy(workflowOf(shipped, file), [...fileById.keys()])) {
			const called = fileById.get(id) ?? '';
			if (chosen.has(called)) continue;
			chosen.add(called);
			broughtAlong.push(called);
		}
	}
	return { files: [...chosen].sort(), broughtAlong };
}

interface Context {
	options: CloneOptions;
	ids: FreshIds;
	identities: Identities;
	/** Shipped id of the workflow that the others call when they fail. */
	alertId: string | undefined;
}

function cloned(shipped: WorkflowJson, { options, ids, identities, alertId }: Context): WorkflowJson {
	const settings: JsonObject = { ...shipped.settings };
	if (alertId !== undefined && shipped.id !== alertId) settings['errorWorkflow'] = alertId;
	if (options.timeZone !== undefined) settings['timezone'] = options.timeZone;
	const identity = identities.get(shipped.id);
	if (identity === undefined) throw new Error(`The workflow ${shipped.name} has no new identity`);
	return {
		...shipped,
		...identity,
		active: false,
		settings: withNewReferences(settings, identities),
		nodes: shipped.nodes.map((node) => clonedNode(node, shipped.id, { options, ids, identities })),
	};
}

function clonedNode(node: NodeJson, workflowId: string, { options, ids, identities }: Omit<Context, 'alertId'>): NodeJson {
	const own = withCustomerValues(node, options);
	const credentials = Object.entries(node.credentials ?? {}).map(([type, { name }]) => [type, { id: null, name: customerCredentialName(type, name, options) }] as const);
	return {
		...own,
		id: ids.uuid('node', workflowId, node.id),
		parameters: withNewReferences(own.parameters, identities),
		...(node.webhookId === undefined ? {} : { webhookId: ids.uuid('webhook', workflowId, node.webhookId) }),
		...(own.credentials === undefined ? {} : { credentials: { ...own.credentials, ...Object.fromEntries(credentials) } }),
	};
}

function workflowOf(shipped: ReadonlyMap<string, WorkflowJson>, file: string): WorkflowJson {
	const found = shipped.get(file);
	if (found === undefined) throw new Error(`There is no workflow ${file}`);
	return found;
}

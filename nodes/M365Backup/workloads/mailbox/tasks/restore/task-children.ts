import { isFailure, toFailure } from '../../../../base/failure';
import type { JsonObject } from '../../../../base/json';
import type { RestorableContent } from '../../../restorer';
import { signalOf, stopIfCancelled, type RestoreContext } from '../../restore/restore-context';
import { TASK_NOTES } from '../fidelity';
import { linkKey, stepKey } from './fingerprint';
import type { GraphChecklistItem, GraphLinkedResource } from '../graph-task';
import type { TaskDocument } from './task-document';
import { attachFile, partsOf } from './task-files';

const TRIES = 4;

/** What tells children of a kind apart. */
interface ChildKey {
	key: string;
	/** Beyond the key, what need not be the same after all: whether a step is ticked, how large a file is said to be. */
	detail: string;
}

/** Something that hangs on a task. */
interface Child extends ChildKey {
	/** @throws Failure */
	add(): Promise<void>;
	/** What a result says if Microsoft 365 takes it never; absent where that fails the task. */
	refused?(why: string): string;
}

export interface ChildrenInput {
	context: RestoreContext;
	/** `/users/U/todo/lists/L/tasks/T` */
	path: string;
	task: TaskDocument;
	parts: ReadonlyMap<string, RestorableContent>;
	/** Made a moment ago: nothing but what its request said hangs on it. */
	isNew: boolean;
	preview: boolean;
}

export interface ChildrenResult {
	/** How many were (in a preview: would be) added. */
	added: number;
	notes: string[];
}

/**
 * Gives a task the steps, links, files and extensions that it lacks, in order. What is there already is counted, not
 * added again: that completes a restore that was cut off, and a lost answer is no second step.
 */
export async function addChildren(input: ChildrenInput): Promise<ChildrenResult> {
	const { task, path } = input;
	const result: ChildrenResult = { added: 0, notes: [] };
	// What hangs on a new task came with its own request, or is still to come.
	const newLinks = (task.linkedResources ?? []).map((link) => ({ key: linkKey(link), detail: '' }));
	await addMissing(input, result, steps(input), keysOf(input, `${path}/checklistItems`, stepChild), []);
	await addMissing(input, result, links(input), keysOf(input, `${path}/linkedResources`, (link) => ({ key: linkKey(link), detail: '' })), newLinks);
	await addMissing(input, result, files(input, result), keysOf(input, `${path}/attachments`, ({ name, size }) => ({ key: name ?? '', detail: String(size) })), []);
	await addMissing(input, result, extensions(input), keysOf(input, `${path}/extensions`, ({ extensionName }) => ({ key: extensionName ?? '', detail: '' })), []);
	return result;
}

async function addMissing(input: ChildrenInput, result: ChildrenResult, wanted: readonly Child[], read: () => Promise<ChildKey[]>, atFirst: readonly ChildKey[]): Promise<void> {
	if (wanted.length === 0) return;
	const { context } = input;
	const givenUp = new Set<Child>();
	let isKnown = input.isNew;
	for (let tries = 1; ; tries += 1) {
		try {
			const there = isKnown ? atFirst : await read();
			isKnown = false;
			for (const child of lacking(wanted, there)) {
				if (givenUp.has(child)) continue;
				stopIfCancelled(context);
				if (!input.preview && !(await addOne(child, result))) {
					givenUp.add(child);
					continue;
				}
				result.added += 1;
				tries = 1;
			}
			return;
		} catch (error) {
			// A task made a moment ago may not be found everywhere at once.
			const passing = isFailure(error, 'transient', 'throttled') || (input.isNew && isFailure(error, 'notFound'));
			if (!passing || tries >= TRIES) throw error;
			await context.ambient.sleep(1_000 * tries, context.signal);
		}
	}
}

/** @returns false for what Microsoft 365 takes never and the task can be without */
async function addOne(child: Child, result: ChildrenResult): Promise<boolean> {
	try {
		await child.add();
		return true;
	} catch (error) {
		const failure = toFailure(error);
		if (!child.refused || !isFailure(failure, 'denied', 'invalid', 'quota')) throw failure;
		const note = child.refused(failure.title ?? failure.message);
		if (!result.notes.includes(note)) result.notes.push(note);
		return false;
	}
}

/** The wanted ones that are not there, counted, in their order: those that are the same in detail first, then the first of equal ones. */
function lacking(wanted: readonly Child[], there: readonly ChildKey[]): Child[] {
	const open = [...there];
	const isOpen = (is: (one: ChildKey) => boolean): boolean => {
		const at = open.findIndex(is);
		if (at >= 0) open.splice(at, 1);
		return at < 0;
	};
	return wanted
		.filter(({ key, detail }) => isOpen((one) => one.key === key && one.detail === detail))
		.filter(({ key }) => isOpen((one) => one.key === key));
}

/** What is known of any child: which fields it has depends on its kind. */
type AnyChild = GraphChecklistItem & GraphLinkedResource & { name?: string; size?: number; extensionName?: string };

function keysOf(input: ChildrenInput, path: string, key: (one: AnyChild) => ChildKey): () => Promise<ChildKey[]> {
	return async () => {
		const keys: ChildKey[] = [];
		for await (const page of input.context.graph.pages<AnyChild>({ path, ...signalOf(input.context) })) keys.push(...page.map(key));
		return keys;
	};
}

function post({ context, path }: ChildrenInput, kind: string, body: JsonObject): () => Promise<void> {
	return async () => {
		await context.graph.json({ method: 'POST', path: `${path}/${kind}`, body, ...signalOf(context) });
	};
}

function stepChild(step: GraphChecklistItem): ChildKey {
	return { key: stepKey(step), detail: String(step.isChecked === true) };
}

function steps(input: ChildrenInput): Child[] {
	return (input.task.checklistItems ?? []).map((step) => ({ ...stepChild(step), add: () => addStep(input, step) }));
}

/** With its times where Graph takes them. */
async function addStep(input: ChildrenInput, step: GraphChecklistItem): Promise<void> {
	const { displayName, isChecked, ...times } = stepBody(step);
	try {
		await post(input, 'checklistItems', stepBody(step))();
	} catch (error) {
		if (!isFailure(error, 'invalid') || Object.keys(times).length === 0) throw error;
		await post(input, 'checklistItems', { displayName: displayName ?? '', isChecked: isChecked ?? false })();
	}
}

function stepBody(step: GraphChecklistItem): JsonObject {
	const isChecked = step.isChecked === true;
	return {
		displayName: step.displayName ?? '',
		isChecked,
		...(step.createdDateTime === undefined ? {} : { createdDateTime: step.createdDateTime }),
		...(isChecked && step.checkedDateTime ? { checkedDateTime: step.checkedDateTime } : {}),
	};
}

export function linkBody({ webUrl, applicationName, displayName, externalId }: GraphLinkedResource): JsonObject {
	return Object.fromEntries(Object.entries({ webUrl, applicationName, displayName, externalId }).filter((field): field is [string, string] => typeof field[1] === 'string'));
}

function links(input: ChildrenInput): Child[] {
	return (input.task.linkedResources ?? []).map((link) => ({ key: linkKey(link), detail: '', add: post(input, 'linkedResources', linkBody(link)) }));
}

function files(input: ChildrenInput, result: ChildrenResult): Child[] {
	return partsOf(input.task, input.parts).flatMap(({ name, size, contentType, content }): Child[] => {
		if (!content) {
			result.notes.push(TASK_NOTES.fileMissing(name));
			return [];
		}
		return [{ key: name, detail: String(size), add: () => attachFile(input.context, input.path, { name, contentType, content }), refused: (why) => TASK_NOTES.fileRefused(name, why) }];
	});
}

function extensions(input: ChildrenInput): Child[] {
	return (input.task.extensions ?? []).flatMap((extension): Child[] => {
		const { id: _id, ...data } = extension;
		const name = data['extensionName'];
		if (typeof name !== 'string') return [];
		const body = { '@odata.type': 'microsoft.graph.openTypeExtension', ...data };
		return [{ key: name, detail: '', add: post(input, 'extensions', body), refused: () => TASK_NOTES.extensionsRefused }];
	});
}

import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { realAmbient } from '../../base/ambient';
import { connectGraph } from '../../connect/graph';
import { connectRepository, repositoryKey } from '../../connect/repository';
import type { RestoreOptions, RestoreResult, RestoreSelection } from '../../engine/restore';
import { findMailbox, namedMailbox } from '../../pickers/mailbox';
import { chosenSnapshot } from '../../pickers/snapshot';
import { requiredSource } from '../../pickers/source';
import { groupItems } from '../each-item';
import { failedItem, sentences, toNodeError } from '../errors';
import { useCases } from '../use-cases';
import { hintAtNothingFound } from './nothing-found';
import { checkedIds, maxItemIds, restoreDestination, restoreMode, restoreSelection } from './restore-request';

/** One call of the use case: input items that go the same way are restored together. */
interface RestoreJob {
	first: number;
	members: number[];
	/** Item id → the input item that stands for it; empty unless input items are restored. */
	inputs: Map<string, number>;
	/** Of the mailbox that is written to, as soon as it is known, for errors. */
	targetName?: string;
}

/** Restore: one item for each item of the snapshot with what became, or would become, of it. */
export async function restoreAll(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const { groups, failed } = groupItems.call(this, groupKey.bind(this));
	const output = [...failed];
	for (const { first, members } of groups) {
		const inputs = new Map<string, number>();
		const job: RestoreJob = { first, members, inputs };
		try {
			if (isInputItems.call(this, first)) {
				for (const itemIndex of members) {
					const id = inputItemId.call(this, itemIndex);
					// Of two items for the same id, the first gets the result.
					if (!inputs.has(id)) inputs.set(id, itemIndex);
				}
			}
			output.push(...(await restoreJob.call(this, job)));
		} catch (error) {
			if (!this.continueOnFail()) throw toNodeError.call(this, error, first, job.targetName);
			output.push(...members.map((itemIndex) => failedItem(error, itemIndex, { name: job.targetName })));
		}
	}
	return output;
}

function isInputItems(this: IExecuteFunctions, itemIndex: number): boolean {
	return this.getNodeParameter('selection', itemIndex) === 'inputItems';
}

/** Also refuses, before anything is sent, what an agent may not do. */
function groupKey(this: IExecuteFunctions, itemIndex: number): string {
	const mode = restoreMode.call(this, itemIndex);
	if (!isInputItems.call(this, itemIndex)) return `item ${itemIndex}`;
	inputItemId.call(this, itemIndex);
	return JSON.stringify([
		mode,
		repositoryKey.call(this, itemIndex),
		...['source', 'snapshot', 'destination', 'targetMailbox', 'targetFolder', 'conflictPolicy'].map(
			(name) => this.getNodeParameter(name, itemIndex, null) as unknown,
		),
	]);
}

/** Failure invalid if it is empty. */
function inputItemId(this: IExecuteFunctions, itemIndex: number): string {
	const id: unknown = this.getNodeParameter('itemId', itemIndex, '');
	return checkedIds(typeof id === 'string' ? [id.trim()] : [], 'Item ID')[0] ?? '';
}

async function restoreJob(this: IExecuteFunctions, job: RestoreJob): Promise<INodeExecutionData[]> {
	const { first, inputs } = job;
	const mode = restoreMode.call(this, first);
	const destination = restoreDestination.call(this, first);
	const repository = await connectRepository.call(this, first);
	const source = await requiredSource.call(this, repository, first);
	const chosen = await chosenSnapshot.call(this, repository, source.key, first);
	const { snapshot } = chosen;
	const selections: RestoreSelection[] =
		inputs.size > 0
			? inPieces([...inputs.keys()], maxItemIds).map((ids) => ({ kind: 'ids', ids }))
			: [await restoreSelection.call(this, repository, snapshot, first)];

	const signal = this.getExecutionCancelSignal();
	const { graph, tenantId } = await connectGraph.call(this, first, { priority: 'restore', ...(signal ? { signal } : {}) });
	const named = destination.kind === 'original' ? null : namedMailbox.call(this, 'targetMailbox', first);
	const target = named === null ? null : await findMailbox(graph, named);
	job.targetName = target?.userPrincipalName ?? source.source.name;
	const restorer = useCases.mailboxRestorer({
		graph,
		mailboxId: target?.id ?? source.source.id,
		tenantId,
		ambient: realAmbient,
		source: source.source,
	});
	const options: Omit<RestoreOptions, 'selection'> = {
		repository,
		source: source.source,
		snapshot,
		destination,
		conflictPolicy: this.getNodeParameter('conflictPolicy', first, 'skip') as RestoreOptions['conflictPolicy'],
		mode,
		restorer,
		ambient: realAmbient,
		...(signal ? { signal } : {}),
	};
	const output: INodeExecutionData[] = [];
	for (const selection of selections) {
		for await (const result of useCases.restore({ ...options, selection })) {
			output.push({ json: resultJson(result, chosen.warnings), pairedItem: { item: inputs.get(result.id) ?? first } });
		}
	}
	if (output.length === 0) hintAtNothingFound.call(this, snapshot);
	for (const warning of chosen.warnings) this.addExecutionHints({ message: warning, type: 'warning', location: 'outputPane' });
	return output;
}

/**
 * `warnings` are about the snapshot, e.g. that it is partial: every result says so, since it may be read alone. What a
 * person looks for comes first, since it is the left of n8n's table; the long ids come last.
 */
function resultJson({ nextStep, ...result }: RestoreResult, warnings: readonly string[]): IDataObject {
	const { id, newId, name, outcome, wouldBe, reason: given, targetPath, ...others } = result;
	const reason = sentences(given, nextStep);
	return {
		name,
		outcome,
		...(wouldBe === undefined ? {} : { wouldBe }),
		...(reason === '' ? {} : { reason }),
		targetPath,
		...others,
		...(warnings.length === 0 ? {} : { warning: sentences(...warnings) }),
		...(newId === undefined ? {} : { newId }),
		id,
	};
}

function inPieces<T>(values: readonly T[], length: number): T[][] {
	const pieces: T[][] = [];
	for (let start = 0; start < values.length; start += length) pieces.push(values.slice(start, start + length));
	return pieces;
}

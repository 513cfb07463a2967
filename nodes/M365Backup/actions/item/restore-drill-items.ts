import { NodeOperationError, type IDataObject, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { realAmbient } from '../../base/ambient';
import { Failure, isFailure, toFailure } from '../../base/failure';
import { connectGraph, type ConnectedGraph } from '../../connect/graph';
import { connectRepository, repositoryKey, type Repository, type SnapshotRecord, type SourceRef } from '../../connect/repository';
import type { RestoreDrillOptions, RestoreDrillProof } from '../../engine/restore-drill';
import { namedDrive } from '../../pickers/drive';
import { namedMailbox } from '../../pickers/mailbox';
import { chosenSnapshot } from '../../pickers/snapshot';
import { resolveSource, type ProtectedSource } from '../../pickers/source';
import { choicesAmong } from '../choices-among';
import { groupItems } from '../each-item';
import { failedItem, named, nextStepOf, sentences, titleOf, toNodeError } from '../errors';
import { useCases } from '../use-cases';
import { targetParameters } from './destination-fields';
import { refuseEmpty } from './read-selection';
import type { TargetPlace } from './restore-request';
import { findTarget, restorerInto, type FoundTarget } from './target-restorer';

type Kind = NonNullable<RestoreDrillOptions['kinds']>[number];

/** Kinds that a drill tries out. */
export const DRILLED_KINDS: readonly Kind[] = ['contact', 'event', 'file', 'listItem', 'message', 'task'];

/** What the parameters of one input item ask for. */
interface DrillOrder {
	itemIndex: number;
	place: TargetPlace;
	choices: Pick<RestoreDrillOptions, 'items' | 'kinds' | 'largestBytes' | 'seed' | 'folderName'>;
	failWhenDrillFails: boolean;
}

/** What became of the drill of one source. */
interface DrillOutcome {
	order: DrillOrder;
	source: SourceRef;
	result: { proof: RestoreDrillProof; warnings: string[] } | { failure: Failure };
}

/** Restore Drill: one proof for each source. Input items that ask for the same are done once. */
export async function drillAll(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const { groups, failed } = groupItems.call(this, (itemIndex) => {
		refuseAgent.call(this, itemIndex);
		const parameters = ['source', 'snapshot', 'sampleItems', 'scratchPlace', 'options', ...targetParameters].map((name) => this.getNodeParameter(name, itemIndex, null) as unknown);
		return JSON.stringify([repositoryKey.call(this, itemIndex), ...parameters]);
	});
	const output = [...failed];
	const bad: DrillOutcome[] = [];
	let count = 0;
	for (const { first } of groups) {
		try {
			for await (const outcome of drillSources.call(this, drillOrder.call(this, first))) {
				count += 1;
				if ('failure' in outcome.result && wasStopped.call(this, outcome.result.failure)) throw outcome.result.failure;
				const isError = outcome.order.failWhenDrillFails && hasFailed(outcome);
				if (isError) bad.push(outcome);
				output.push(isError ? failedItem(errorOf(outcome), first, { name: outcome.source.name, details: details(outcome) }) : { json: details(outcome), pairedItem: { item: first } });
			}
		} catch (error) {
			if (!this.continueOnFail() || wasStopped.call(this, error)) throw toNodeError.call(this, error, first);
			output.push(failedItem(error, first));
		}
	}
	if (bad.length > 0 && !this.continueOnFail()) throw listFailures.call(this, bad, count);
	return output;
}

function refuseAgent(this: IExecuteFunctions, itemIndex: number): void {
	if (!this.isToolExecution() || this.getNodeParameter('options.allowTool', itemIndex, false) === true) return;
	throw new Failure('denied', 'An AI agent may not start a restore drill with this node', {
		nextStep: 'Whoever builds the workflow can turn on the option Allow AI Agents to Drill.',
	});
}

/** Failures invalid: a number, kind or place that is none. Said before anything is sent. */
function drillOrder(this: IExecuteFunctions, itemIndex: number): DrillOrder {
	const option = (name: string): unknown => this.getNodeParameter(`options.${name}`, itemIndex, null);
	const items: unknown = this.getNodeParameter('sampleItems', itemIndex, null) ?? undefined;
	if (items !== undefined && typeof items !== 'number') {
		throw new Failure('invalid', `Number of Items is ${JSON.stringify(items)}`, { nextStep: 'Set it to a number.' });
	}
	const largest = option('largestItemMb') ?? undefined;
	if (largest !== undefined && !(typeof largest === 'number' && largest > 0)) {
		throw new Failure('invalid', `Largest Item (MB) is ${JSON.stringify(largest)}`, { nextStep: 'Set it to a number above 0.' });
	}
	const kinds = choicesAmong(DRILLED_KINDS.map((value) => ({ value })), option('itemKinds') ?? []);
	const [seed, folderName] = [text(option('seed')), text(option('folderName'))];
	return {
		itemIndex,
		place: scratchPlace.call(this, itemIndex),
		choices: {
			...(items === undefined ? {} : { items }),
			...(kinds.length === 0 ? {} : { kinds }),
			...(largest === undefined ? {} : { largestBytes: largest * 1e6 }),
			...(seed === '' ? {} : { seed }),
			...(folderName === '' ? {} : { folderName }),
		},
		failWhenDrillFails: option('failWhenDrillFails') !== false,
	};
}

/** The user's stop ends everything; nobody waits for the other sources. */
function wasStopped(this: IExecuteFunctions, error: unknown): boolean {
	return isFailure(error, 'cancelled') || this.getExecutionCancelSignal()?.aborted === true;
}

function text(value: unknown): string {
	return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
}

function scratchPlace(this: IExecuteFunctions, itemIndex: number): TargetPlace {
	const place = this.getNodeParameter('scratchPlace', itemIndex, 'own') as string;
	switch (place) {
		case 'own':
			return { kind: 'own' };
		case 'mailbox':
			return { kind: 'mailbox', named: namedMailbox.call(this, 'targetMailbox', itemIndex) ?? refuseEmpty('Target Mailbox') };
		case 'drive':
			return { kind: 'drive', named: namedDrive.call(this, 'target', itemIndex) };
		default:
			throw new Failure('invalid', `There is no place "${place}"`, { nextStep: 'Choose Restore Into anew.' });
	}
}

/** One source after the other: a drill that goes wrong says so, and the others go on. */
async function* drillSources(this: IExecuteFunctions, order: DrillOrder): AsyncGenerator<DrillOutcome> {
	const repository = await connectRepository.call(this, order.itemIndex);
	const sources = await wantedSources.call(this, repository, order);
	for (const { source, key } of sources) {
		try {
			const { snapshot, warnings } = await chosenSnapshot.call(this, repository, key, order.itemIndex);
			yield { order, source, result: { proof: await drillOne.call(this, order, repository, source, snapshot), warnings } };
		} catch (error) {
			yield { order, source, result: { failure: toFailure(error) } };
			if (wasStopped.call(this, error)) return;
		}
	}
}

/** Failures: invalid (a source that cannot go there), notFound (no source that can). */
async function wantedSources(this: IExecuteFunctions, repository: Repository, { itemIndex, place }: DrillOrder): Promise<ProtectedSource[]> {
	const fits = ({ source }: ProtectedSource): boolean => place.kind === 'own' || source.workload === place.kind;
	const source = await resolveSource(repository, this.getNodeParameter('source', itemIndex, ''));
	if (source && fits(source)) return [source];
	if (source) {
		throw new Failure('invalid', `${source.source.name} is a ${source.source.workload}: it cannot be tried out in another ${place.kind}`, {
			nextStep: 'Set Restore Into to A New Folder in Each Source.',
		});
	}
	const sources = (await repository.sources()).filter(fits);
	if (sources.length > 0) return sources;
	throw new Failure('notFound', `The repository has no backup of ${place.kind === 'own' ? 'anything' : `a ${place.kind}`} that could be tried out`, { nextStep: 'Back something up first.' });
}

async function drillOne(this: IExecuteFunctions, order: DrillOrder, repository: Repository, source: SourceRef, snapshot: SnapshotRecord): Promise<RestoreDrillProof> {
	const { itemIndex, place, choices } = order;
	const signal = this.getExecutionCancelSignal();
	// Without the signal: what was made is removed after the user's stop, too.
	const connected = await connectGraph.call(this, itemIndex, { priority: 'restore' });
	const target = await findTarget(place, source, connected);
	return await useCases.restoreDrill({
		...choices,
		repository,
		source,
		snapshot,
		restorer: await restorerInto.call(this, { place, target, source, repository, snapshot, connected, itemIndex }),
		scratch: await scratchIn(repository, source, snapshot, target, connected),
		graph: connected.graph.stats,
		ambient: realAmbient,
		...(signal ? { signal } : {}),
	});
}

async function scratchIn(repository: Repository, source: SourceRef, snapshot: SnapshotRecord, target: FoundTarget, { graph, roles }: ConnectedGraph): Promise<RestoreDrillOptions['scratch']> {
	const common = { graph, ...(roles ? { roles } : {}) };
	switch (source.workload) {
		case 'mailbox':
			return useCases.mailboxScratch({ ...common, mailboxId: target.id, ambient: realAmbient });
		case 'drive':
			return useCases.driveScratch({ ...common, driveId: target.id });
		case 'site':
			return useCases.siteScratch({ ...common, siteId: target.id, containers: await useCases.siteContainers(repository, snapshot) });
	}
}

function hasFailed({ result }: DrillOutcome): boolean {
	return 'failure' in result || result.proof.status === 'failed';
}

function errorOf({ result }: DrillOutcome): Failure {
	if ('failure' in result) return result.failure;
	return new Failure('corrupt', result.proof.message, {
		nextStep: 'The item of the drill names what came back otherwise, and what was left behind. To go on without an error, turn off the option Fail When Drill Fails and look at status.',
	});
}

/** The proof; of a drill that could not take place, why. */
function details({ source, result }: DrillOutcome): IDataObject {
	if ('proof' in result) return { ...result.proof, ...(result.warnings.length === 0 ? {} : { warnings: result.warnings }) };
	const { failure } = result;
	const reason = sentences(titleOf(failure), nextStepOf(failure));
	return { status: 'failed', message: sentences(`${source.name}: restore drill FAILED`, reason), source: { ...source }, sampled: 0, reason };
}

function listFailures(this: IExecuteFunctions, bad: readonly DrillOutcome[], count: number): Error {
	const [first, ...others] = bad;
	if (first && others.length === 0 && 'failure' in first.result) return toNodeError.call(this, first.result.failure, first.order.itemIndex, first.source.name);
	const lines = bad.map((outcome) => {
		const failure = errorOf(outcome);
		return 'proof' in outcome.result ? failure.message : sentences(named(titleOf(failure), outcome.source.name), nextStepOf(failure));
	});
	const left = bad.flatMap(({ result }) => ('proof' in result ? result.proof.leftBehind : [])).map(({ path, reason }) => `Left behind: ${path} (${reason})`);
	return new NodeOperationError(this.getNode(), bad.length === 1 && first ? lines[0] ?? '' : `${bad.length} of ${count} restore drills failed`, {
		description: [...(bad.length === 1 ? [] : lines), ...left.slice(0, 10), 'To go on without an error, turn off the option Fail When Drill Fails and look at status.'].join('\n'),
		...(first ? { itemIndex: first.order.itemIndex } : {}),
	});
}

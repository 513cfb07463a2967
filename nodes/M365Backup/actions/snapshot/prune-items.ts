import { NodeOperationError, type IDataObject, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { connectRepository, repositoryKey } from '../../connect/repository';
import type { PruneResult } from '../../engine/prune';
import { resolveSource } from '../../pickers/source';
import { groupItems } from '../each-item';
import { failedItem, named, nextStepOf, sentences, toNodeError } from '../errors';
import { useCases } from '../use-cases';
import { readGone } from './gone-fields';
import { pruneMode } from './prune-mode';
import { readRetention } from './read-retention';

/** Prune: what became of each source. Input items that ask for the same are done once. */
export async function pruneAll(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const { groups, failed } = groupItems.call(this, (itemIndex) =>
		JSON.stringify([
			pruneMode.read.call(this, itemIndex),
			repositoryKey.call(this, itemIndex),
			...['source', 'retention', 'keepDays', 'tiers', 'removeGone', 'goneDays', 'output', 'options'].map((name) => this.getNodeParameter(name, itemIndex, null) as unknown),
		]),
	);
	const output = [...failed];
	const refused: PruneResult[] = [];
	for (const { first } of groups) {
		try {
			for await (const result of pruneOne.call(this, first)) {
				if (result.refused) {
					refused.push(result);
					output.push(failedItem(result.refused, first, { name: result.source.name, details: { source: { ...result.source } } }));
				} else output.push(...shown.call(this, result, first));
			}
		} catch (error) {
			if (!this.continueOnFail()) throw toNodeError.call(this, error, first);
			output.push(failedItem(error, first));
		}
	}
	if (refused.length > 0 && !this.continueOnFail()) throw listRefusals.call(this, refused);
	return output;
}

async function* pruneOne(this: IExecuteFunctions, itemIndex: number): AsyncGenerator<PruneResult> {
	const dryRun = pruneMode.read.call(this, itemIndex) === 'preview';
	const policy = readRetention.call(this, itemIndex);
	const zone = (this.getNodeParameter('options.timeZone', itemIndex, '') as string).trim() || this.getTimezone();
	const gone = readGone.call(this, itemIndex);
	const repository = await connectRepository.call(this, itemIndex);
	const source = await resolveSource(repository, this.getNodeParameter('source', itemIndex, ''));
	const signal = this.getExecutionCancelSignal();
	yield* useCases.prune({ repository, policy, zone, dryRun, gone, ...(source ? { sourceKeys: [source.key] } : {}), ...(signal ? { signal } : {}) });
}

function shown(this: IExecuteFunctions, result: PruneResult, itemIndex: number): INodeExecutionData[] {
	const pairedItem = { item: itemIndex };
	if (this.getNodeParameter('output', itemIndex, 'sources') === 'sources') return [{ json: summary(result), pairedItem }];
	const wouldBe = result.dryRun ? { wouldBe: true } : {};
	const { name, workload: kind } = result.source;
	const rows = [
		...result.keep.map(({ id, time, status, reasons }) => ({ name, kind, time, decision: 'keep', reason: reasons.join('; '), status, snapshot: id })),
		...result.waiting.map(({ id, time, status, reason, until }) => ({ name, kind, time, decision: 'wait', until, reason, status, snapshot: id })),
		...result.remove.map(({ id, time, status, reason }) => ({ name, kind, time, decision: 'remove', reason, status, snapshot: id })),
	];
	rows.sort((a, b) => (a.snapshot < b.snapshot ? 1 : -1));
	return rows.map((row) => ({ json: { ...row, ...wouldBe }, pairedItem }));
}

function summary(result: PruneResult): IDataObject {
	const { source, dryRun, keep, waiting, remove, files, waitingFiles } = result;
	return {
		message: message(result),
		name: source.name,
		kind: source.workload,
		...(dryRun ? { wouldBe: true } : {}),
		removed: remove.length,
		kept: keep.length,
		waiting: waiting.length,
		freedFiles: files.count,
		freedBytes: files.bytes,
		waitingFiles: waitingFiles.count,
		...lockedOf(result),
		nextRemoval: waiting.map(({ until }) => until).sort()[0] ?? null,
		...(result.gone ? { gone: { ...result.gone } } : {}),
		source: { ...source },
	};
}

/** What the storage has locked, where it has. */
function lockedOf({ waiting, lockedFiles }: PruneResult): IDataObject {
	const locked = waiting.filter(({ isLocked }) => isLocked);
	if (locked.length === 0 && lockedFiles.count === 0) return {};
	const [until] = [...locked.map((snapshot) => snapshot.until), lockedFiles.until ?? ''].filter((time) => time !== '').sort();
	return { locked: locked.length, lockedFiles: lockedFiles.count, lockedBytes: lockedFiles.bytes, lockedUntil: until ?? null };
}

/** A ready line for a chat. */
function message({ source, dryRun, keep, waiting, remove, files, lockedFiles, gone }: PruneResult): string {
	const did = dryRun ? 'Would remove' : 'Removed';
	const freed = `${(files.bytes / 1e6).toFixed(1)} MB`;
	const of = `${remove.length} of ${keep.length + waiting.length + remove.length} snapshots (${freed})`;
		const locked = waiting.filter(({ isLocked }) => isLocked);
	const soon = waiting.length - locked.length;
	const waits = soon === 0 ? '' : `, ${soon} more go within 48 hours of a later complete one`;
	const [first] = locked.map(({ until }) => until).sort();
	const locks = first === undefined ? '' : `, ${locked.length} more ${locked.length === 1 ? 'is' : 'are'} locked${locked.length === 1 ? '' : ', the first'} until ${first}`;
	const left = lockedFiles.count === 0 ? '' : `, ${lockedFiles.count} files that nothing needs are locked${lockedFiles.until === undefined ? '' : `, the first until ${lockedFiles.until}`}`;
	if (gone?.decision === 'remove') return `${source.name}: ${did} ${of}${locks}${left}: ${gone.reason}`;
	const quiet = gone ? `. Not backed up since ${gone.lastSeenAt.slice(0, 10)}: ${gone.reason}` : '';
	return `${source.name}: ${did} ${of}${waits}${locks}${left}${quiet}`;
}

function listRefusals(this: IExecuteFunctions, refused: readonly PruneResult[]): Error {
	const [first] = refused;
	if (first?.refused && refused.length === 1) return toNodeError.call(this, first.refused, undefined, first.source.name);
	const lines = refused.map(({ source, refused: failure }) => (failure ? sentences(named(failure.message, source.name), nextStepOf(failure)) : ''));
	return new NodeOperationError(this.getNode(), `${refused.length} sources were not pruned`, { description: `${lines.join('\n')}\nThe others were pruned.` });
}

import { NodeOperationError, type IDataObject, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { Failure, isFailure, toFailure } from '../../base/failure';
import { connectRepository, type Repository } from '../../connect/repository';
import type { RebuildReport } from '../../engine/rebuild-catalog';
import { picked } from '../../pickers/field';
import { failedItem, nextStepOf, sentences, toNodeError } from '../errors';
import { previewMode } from '../preview-mode';
import { useCases } from '../use-cases';

/** Rebuild Catalog writes nothing unless it is told to. */
export const rebuildMode = previewMode({
	value: 'rebuild',
	verb: 'rebuild',
	preview: 'Read the archives and say what would be there again, write nothing',
	act: 'Make a new list of items, as a snapshot of its own',
	description: 'Whether to make the new list of items or only to say what would be in it',
	agent: 'rebuild lists of items',
});

/** Rebuild Catalog for one input item: one item for each source. */
export async function rebuiltItems(this: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData[]> {
	const mode = rebuildMode.read.call(this, itemIndex);
	const isNewFile = this.getNodeParameter('options.newRepositoryFile', itemIndex, false) === true;
	const repository = await connectRepository.call(this, itemIndex, { adopt: isNewFile && mode === 'rebuild' });
	const signal = this.getExecutionCancelSignal();
	const keys = await useCases.archivedSources(repository, signal);
	const { value } = picked(this.getNodeParameter('source', itemIndex, ''));
	const pairedItem = { item: itemIndex };
	if (value !== '') {
		const key = await keyOf(repository, keys, value, signal);
		return [{ json: shown(await rebuildOne.call(this, itemIndex, repository, key, mode)), pairedItem }];
	}

	const output: INodeExecutionData[] = [];
	const failures: { key: string; failure: Failure }[] = [];
	for (const key of keys) {
		try {
			output.push({ json: shown(await rebuildOne.call(this, itemIndex, repository, key, mode)), pairedItem });
		} catch (error) {
			if (isFailure(error, 'invalid') && error.code === 'catalogReadable') continue;
			if (isFailure(error, 'cancelled')) throw toNodeError.call(this, error, itemIndex);
			failures.push({ key, failure: toFailure(error) });
		}
	}
	if (failures.length > 0 && !this.continueOnFail()) throw listFailures.call(this, failures, itemIndex);
	for (const { key, failure } of failures) output.push(failedItem(failure, itemIndex, { name: key, details: { key } }));
	if (output.length > 0) return output;
	const message = `Nothing to rebuild: all ${keys.length} sources with archives have a snapshot that can be read`;
	return [{ json: { message, rebuilt: false, sources: keys.length }, pairedItem }];
}

async function rebuildOne(this: IExecuteFunctions, itemIndex: number, repository: Repository, key: string, mode: 'preview' | 'rebuild'): Promise<RebuildReport> {
	const option = (name: string): string => (this.getNodeParameter(`options.${name}`, itemIndex, '') as string).trim();
	const source = { id: option('sourceId'), tenantId: option('tenantId'), name: option('sourceName') };
	return await useCases.rebuildCatalog(repository, {
		key,
		mode,
		deep: this.getNodeParameter('options.checkContents', itemIndex, false) === true,
		anyway: this.getNodeParameter('options.anyway', itemIndex, false) === true,
		holder: `n8n ${this.getInstanceId()}, execution ${this.getExecutionId()}`,
		signal: this.getExecutionCancelSignal(),
		...(source.id !== '' && source.tenantId !== '' ? { source } : {}),
	});
}

/** Lists of sources are made of snapshots, which are what is lost here: archives, too, say whose they are. */
async function keyOf(repository: Repository, keys: readonly string[], named: string, signal: AbortSignal | undefined): Promise<string> {
	if (keys.includes(named)) return named;
	const wanted = named.toLowerCase();
	const names: string[] = [];
	for (const key of keys) {
		const source = await useCases.sourceOf(repository, key, signal);
		if (source && [source.id.toLowerCase(), source.name.toLowerCase()].includes(wanted)) return key;
		names.push(source ? `${source.name} (${key})` : key);
	}
	throw new Failure('notFound', `The repository has no archives of "${named}"`, {
		nextStep: names.length === 0 ? 'Check the folder: there are no archives in it.' : `It has archives of ${names.slice(0, 5).join(', ')}${names.length > 5 ? ' and others' : ''}. Name one of these.`,
	});
}

function shown({ source, lost, ...report }: RebuildReport): IDataObject {
	const items = lost.items.map(({ id, name, reason }) => ({ id, name, reason }));
	return {
		message: message({ source, lost, ...report }),
		name: source.name,
		kind: source.workload,
		...(report.rebuilt ? {} : { wouldBe: true }),
		...report,
		lost: { count: lost.count, items },
		source: { ...source },
	};
}

/** A ready line for a chat. */
function message({ source, rebuilt, items, archives, lost, asOf, damaged }: RebuildReport): string {
	const did = rebuilt ? 'Rebuilt the list of' : 'Would rebuild the list of';
	const without = lost.count > 0 ? `, ${lost.count} of them without their content` : '';
	const unread = damaged.length > 0 ? ` (${damaged.length} damaged)` : '';
	const next = rebuilt ? '. Run the backup now: it fetches only what is missing, and takes out again what had been deleted' : '';
	return `${source.name}: ${did} ${items} items${without} from ${archives.read} of ${archives.count} archives${unread}, as of ${asOf}${next}`;
}

function listFailures(this: IExecuteFunctions, failures: readonly { key: string; failure: Failure }[], itemIndex: number): Error {
	const lines = failures.map(({ key, failure }) => `${key}: ${sentences(failure.message, nextStepOf(failure))}`);
	return new NodeOperationError(this.getNode(), `${failures.length} ${failures.length === 1 ? 'list of items was' : 'lists of items were'} not rebuilt`, {
		description: lines.join('\n'),
		itemIndex,
	});
}

import { Readable } from 'node:stream';
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { connectRepository, type Repository, type SnapshotRecord } from '../../connect/repository';
import { emptyTally } from '../../engine/export-tally';
import { safeFileName } from '../../engine/export-name';
import { selectedItems } from '../../engine/export-selection';
import type { FoundItem } from '../../engine/search';
import { chosenSnapshot, type ChosenSnapshots } from '../../pickers/snapshot';
import { requiredSource, type ProtectedSource } from '../../pickers/source';
import { useCases } from '../use-cases';
import { exportFormat } from './exported-item';
import { narrowSearch } from './item-search';
import { hintAtNothingFound } from './nothing-found';
import { chosenItemSnapshot, inputItemId, snapshotSelection } from './read-selection';

/** What goes into one ZIP. */
interface ZipContents {
	items: AsyncIterable<FoundItem>;
	chosen: ChosenSnapshots;
	/** The name of the list that this is all of. */
	list?: string;
}

/**
 * Item: Export of many items as one ZIP, of one list as a table, streamed into n8n's storage for files. `members` are the input items that it
 * is made for. No item at all: nothing is put out but a hint.
 */
export async function exportedZip(this: IExecuteFunctions, members: readonly number[]): Promise<INodeExecutionData[]> {
	const first = members[0] ?? 0;
	const format = exportFormat.call(this, first);
	const property = this.getNodeParameter('binaryPropertyName', first, 'data');
	const signal = this.getExecutionCancelSignal();
	const repository = await connectRepository.call(this, first);
	const source = await requiredSource.call(this, repository, first);
	const { items, chosen, list } = await contentsOf.call(this, repository, source, members);
	const begun = await begin(items);
	if (begun === null) {
		hintAtNothingFound.call(this, chosen);
		return [];
	}

	const tally = emptyTally();
	const options = { format, ...(signal ? { signal } : {}) };
	const date = chosen.snapshot.finishedAt.slice(0, 10);
	const isTable = list !== undefined && format === 'standard';
	const file = isTable
		? { bytes: useCases.exportList(repository, source.key, begun, tally, options), fileName: safeFileName(`${list} ${date}`, '.csv'), mimeType: 'text/csv' }
		: { bytes: useCases.exportZip(repository, source.key, begun, tally, options), fileName: safeFileName(`${source.source.name} ${date}`, '.zip'), mimeType: 'application/zip' };
	const { fileName, mimeType } = file;
	const binary = await this.helpers.prepareBinaryData(Readable.from(file.bytes, { objectMode: false }), fileName, mimeType);
	if (tally.failed > 0) {
		this.addExecutionHints({
			message: `${tally.failed} of ${tally.items} items are not in ${fileName}; ${isTable ? 'failures' : 'contents.csv in it'} says which and why.`,
			type: 'warning',
			location: 'outputPane',
		});
	}
	return [
		{
			json: { fileName, mimeType, ...tally, snapshot: chosen.snapshot.id },
			binary: { [property]: binary },
			pairedItem: members.map((item) => ({ item })),
		},
	];
}

async function contentsOf(
	this: IExecuteFunctions,
	repository: Repository,
	source: ProtectedSource,
	members: readonly number[],
): Promise<ZipContents> {
	const first = members[0] ?? 0;
	const signal = this.getExecutionCancelSignal();
	switch (this.getNodeParameter('selection', first)) {
		case 'inputItems':
			return await inputContents.call(this, repository, source, members);
		case 'search': {
			const search = await narrowSearch.call(this, repository, source.key, first, 'Export What');
			return { items: search.found(signal ? { signal } : {}), chosen: search };
		}
		default: {
			const chosen = await chosenSnapshot.call(this, repository, source.key, first);
			const selection = await snapshotSelection.call(this, repository, chosen.snapshot, first, {
				selection: 'Export What',
				folder: 'Folder to Export',
			});
			const list = selection.kind === 'folder' ? await listNamed(repository, chosen.snapshot, selection.folderId, signal) : undefined;
			const items = selectedItems(repository, chosen.snapshot, selection, signal);
			return { items, chosen: { ...chosen, all: false }, ...(list === undefined ? {} : { list }) };
		}
	}
}

/** The list that a folder is; undefined for other folders. */
async function listNamed(repository: Repository, snapshot: SnapshotRecord, folderId: string, signal: AbortSignal | undefined): Promise<string | undefined> {
	const folder = (await repository.catalog(snapshot).lookUp([folderId], signal)).get(folderId);
	return folder?.meta['kind'] === 'list' ? folder.name : undefined;
}

/** Input items may name several snapshots. */
async function inputContents(
	this: IExecuteFunctions,
	repository: Repository,
	source: ProtectedSource,
	members: readonly number[],
): Promise<ZipContents> {
	const signal = this.getExecutionCancelSignal();
	const bySnapshot = new Map<string, { chosen: ChosenSnapshots; ids: Set<string> }>();
	for (const itemIndex of members) {
		const id = inputItemId.call(this, itemIndex);
		const chosen = await chosenItemSnapshot.call(this, repository, source.key, itemIndex);
		const known = bySnapshot.get(chosen.snapshot.id) ?? { chosen: { ...chosen, all: false }, ids: new Set() };
		bySnapshot.set(chosen.snapshot.id, known);
		known.ids.add(id);
	}
	const groups = [...bySnapshot.values()];
	const items = async function* (): AsyncGenerator<FoundItem> {
		for (const { chosen, ids } of groups) yield* selectedItems(repository, chosen.snapshot, { kind: 'ids', ids: [...ids] }, signal);
	};
	const newest = groups.map(({ chosen }) => chosen).reduce((a, b) => (b.snapshot.id > a.snapshot.id ? b : a));
	return { items: items(), chosen: newest };
}

/** The same items, if there is any: a ZIP without one would look like a success. */
async function begin(items: AsyncIterable<FoundItem>): Promise<AsyncIterable<FoundItem> | null> {
	const iterator = items[Symbol.asyncIterator]();
	const first = await iterator.next();
	if (first.done === true) return null;
	return (async function* (): AsyncGenerator<FoundItem> {
		try {
			yield first.value;
			for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
		} finally {
			await iterator.return?.();
		}
	})();
}

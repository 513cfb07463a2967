import { Readable } from 'node:stream';
import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { connectRepository, repositoryKey, sourceKey, type Repository } from '../../connect/repository';
import { Failure } from '../../base/failure';
import { chosenSnapshot } from '../../pickers/snapshot';
import { requiredSource } from '../../pickers/source';
import { groupItems } from '../each-item';
import { failedItem, toNodeError } from '../errors';
import type { BackUpOutcome } from '../back-up/back-up-sources';
import { commaList } from '../comma-list';
import { useCases } from '../use-cases';

const bytesPerMb = 1_000_000;

interface FileRequest {
	repository: Repository;
	target: string;
	maxBytes: number;
	binaryPropertyName: string;
	/** The input item that files are paired with, unless their source has one of its own. */
	itemIndex: number;
	/** Source key → the input item that this source was backed up for. */
	itemOfSource?: ReadonlyMap<string, number>;
}

/** Get Files to Copy. Items that ask for the same get the files once, paired with the first of them. */
export async function getFiles(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const parameter = (name: string, itemIndex: number): unknown => this.getNodeParameter(name, itemIndex, null);
	const { groups, failed } = groupItems.call(this, (itemIndex) =>
		JSON.stringify([
			repositoryKey.call(this, itemIndex),
			...['mode', 'target', 'sizeLimitMb', 'keepDays', 'binaryPropertyName', 'source', 'snapshot', 'itemIds'].map((name) =>
				parameter(name, itemIndex),
			),
		]),
	);
	const output = [...failed];
	for (const { first } of groups) {
		try {
			const target = targetName.call(this, 'target', first);
			const repository = await connectRepository.call(this, first);
			const mode = this.getNodeParameter('mode', first);
			if (mode === 'neededFor' || mode === 'oldArchives') {
				const names = mode === 'neededFor' ? neededFiles : oldArchives;
				output.push(...(await names.call(this, repository, target, first)));
				continue;
			}
			const request: FileRequest = {
				repository,
				target,
				maxBytes: sizeLimitBytes.call(this, first),
				binaryPropertyName: this.getNodeParameter('binaryPropertyName', first, 'data'),
				itemIndex: first,
			};
			output.push(...(await newFiles.call(this, request)));
		} catch (error) {
			if (!this.continueOnFail()) throw toNodeError.call(this, error, first);
			output.push(failedItem(error, first));
		}
	}
	return output;
}

/** Refuses, before anything is sent, what would stop Back Up's second output after hours. */
export function checkFileOutput(this: IExecuteFunctions): void {
	for (const itemIndex of this.getInputData().keys()) {
		try {
			targetName.call(this, 'target', itemIndex);
			sizeLimitBytes.call(this, itemIndex);
		} catch (error) {
			throw toNodeError.call(this, error, itemIndex);
		}
	}
}

/** Back Up's second output: the files to copy of all repositories that this run wrote to. */
export async function filesOfSources(this: IExecuteFunctions, outcomes: readonly BackUpOutcome[]): Promise<INodeExecutionData[]> {
	const output: INodeExecutionData[] = [];
	const done = new Set<Repository>();
	const itemOfSource = new Map(
		outcomes.flatMap(({ source, itemIndex, isRepeated }) => (source && !isRepeated ? [[sourceKey(source), itemIndex] as const] : [])),
	);
	for (const { repository, itemIndex } of outcomes) {
		if (!repository || done.has(repository)) continue;
		done.add(repository);
		try {
			const request: FileRequest = {
				repository,
				target: targetName.call(this, 'target', itemIndex),
				maxBytes: sizeLimitBytes.call(this, itemIndex),
				binaryPropertyName: 'data',
				itemIndex,
				itemOfSource,
			};
			output.push(...(await newFiles.call(this, request)));
		} catch (error) {
			if (!this.continueOnFail()) throw toNodeError.call(this, error, itemIndex);
			output.push(failedItem(error, itemIndex));
		}
	}
	return output;
}

/** The target's name, checked. Failure invalid if it is empty. */
export function targetName(this: IExecuteFunctions, parameter: string, itemIndex: number): string {
	const target = (this.getNodeParameter(parameter, itemIndex, '') as string).trim();
	if (target !== '') return target;
	throw new Failure('invalid', 'Target Name is empty', {
		nextStep: 'Give the storage that the files are copied to a name, e.g. google-drive, and use the same name in Confirm Copied.',
	});
}

function sizeLimitBytes(this: IExecuteFunctions, itemIndex: number): number {
	const megabytes = this.getNodeParameter('sizeLimitMb', itemIndex, 500) as number;
	if (Number.isFinite(megabytes) && megabytes > 0) return megabytes * bytesPerMb;
	throw new Failure('invalid', `Size Limit (MB) is ${megabytes}`, { nextStep: 'Set Size Limit (MB) to a number above 0.' });
}

async function newFiles(this: IExecuteFunctions, request: FileRequest): Promise<INodeExecutionData[]> {
	const signal = this.getExecutionCancelSignal();
	const output: INodeExecutionData[] = [];
	const files = useCases.filesToCopy(request.repository, {
		target: request.target,
		maxBytes: request.maxBytes,
		...(signal ? { signal } : {}),
		onProblem: ({ key, reason }) =>
			this.addExecutionHints({ message: `${key} cannot be copied: ${reason}`, type: 'warning', location: 'outputPane' }),
	});
	for await (const file of files) {
		const { fileName, path, folder, kind, sizeBytes, sha256 } = file;
		const content = Readable.from(await file.open(), { objectMode: false });
		output.push({
			json: { fileName, path, folder, kind, size: sizeBytes, sha256 },
			binary: { [request.binaryPropertyName]: await this.helpers.prepareBinaryData(content, fileName, mimeType(fileName)) },
			pairedItem: { item: request.itemOfSource?.get(folder) ?? request.itemIndex },
		});
	}
	return output;
}

/** Names only: the storage node downloads. */
async function neededFiles(this: IExecuteFunctions, repository: Repository, target: string, itemIndex: number): Promise<INodeExecutionData[]> {
	const source = await requiredSource.call(this, repository, itemIndex);
	const { snapshot } = await chosenSnapshot.call(this, repository, source.key, itemIndex);
	const ids = commaList(this.getNodeParameter('itemIds', itemIndex, ''));
	const signal = this.getExecutionCancelSignal();
	const output: INodeExecutionData[] = [];
	const files = useCases.filesNeeded(repository, {
		target,
		snapshot,
		...(ids.length > 0 ? { ids } : {}),
		...(signal ? { signal } : {}),
	});
	for await (const { fileName, path, folder, kind, sizeBytes, sha256, copy } of files) {
		output.push({ json: { fileName, path, folder, kind, size: sizeBytes, sha256, copy }, pairedItem: { item: itemIndex } });
	}
	return output;
}

/** Names only: the storage node downloads, for Import Files to check and remove here. */
async function oldArchives(this: IExecuteFunctions, repository: Repository, target: string, itemIndex: number): Promise<INodeExecutionData[]> {
	const keepDays = this.getNodeParameter('keepDays', itemIndex, 30) as number;
	if (!Number.isFinite(keepDays) || keepDays <= 0) {
		throw new Failure('invalid', `Keep Archives Locally (Days) is ${keepDays}`, { nextStep: 'Set it to a number of days above 0.' });
	}
	const signal = this.getExecutionCancelSignal();
	const output: INodeExecutionData[] = [];
	const files = useCases.filesToEvict(repository, { target, keepDays, maxBytes: sizeLimitBytes.call(this, itemIndex), ...(signal ? { signal } : {}) });
	for await (const { fileName, path, folder, kind, sizeBytes, sha256, copy } of files) {
		output.push({ json: { fileName, path, folder, kind, size: sizeBytes, sha256, copy }, pairedItem: { item: itemIndex } });
	}
	return output;
}

function mimeType(fileName: string): string {
	if (fileName.endsWith('.zip')) return 'application/zip';
	if (fileName.endsWith('.gz')) return 'application/gzip';
	if (fileName.endsWith('.json')) return 'application/json';
	return fileName.endsWith('.txt') ? 'text/plain' : 'application/octet-stream';
}

import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { toFailure } from '../../base/failure';
import { connectRepository, repositoryKey } from '../../connect/repository';
import { groupItems, type ItemGroup } from '../each-item';
import { failedItem, toNodeError } from '../errors';
import { useCases } from '../use-cases';
import { targetName } from './file-items';
import { nearestFile, type EmittedFile, type FileDeed } from './nearest-file';
import { reportedError, saysItIsGone, storageFields } from './reported-file';

type Confirmation = Parameters<typeof useCases.confirmCopied>[1]['confirmations'][number];

/** What is known of an input item before the repository is asked. */
type Candidate = { itemIndex: number; confirmation: Confirmation } | { itemIndex: number; fileName: string | null; reason: string };

/** Confirm Copied: one item for each input item, saying whether its file is now remembered, and if not, why. */
export async function confirmItems(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const { groups, failed } = groupItems.call(this, (itemIndex) =>
		JSON.stringify([
			repositoryKey.call(this, itemIndex),
			targetName.call(this, 'target', itemIndex),
			this.getNodeParameter('mode', itemIndex, 'copied'),
		]),
	);
	const output = [...failed];
	for (const group of groups) {
		try {
			output.push(...(await confirmGroup.call(this, group)));
		} catch (error) {
			if (!this.continueOnFail()) throw toNodeError.call(this, error, group.first);
			output.push(...group.members.map((itemIndex) => failedItem(error, itemIndex)));
		}
	}
	return output.sort((a, b) => pairedIndex(a) - pairedIndex(b));
}

async function confirmGroup(this: IExecuteFunctions, { first, members }: ItemGroup): Promise<INodeExecutionData[]> {
	const repository = await connectRepository.call(this, first);
	const target = targetName.call(this, 'target', first);
	const mode = this.getNodeParameter('mode', first, 'copied') as FileDeed;
	const candidates = members.map((itemIndex) => candidate.call(this, itemIndex, mode));
	const confirmations = candidates.flatMap((one) => ('confirmation' in one ? [one.confirmation] : []));
	const answers = confirmations.length === 0 ? [] : await useCases.confirmCopied(repository, { target, confirmations, mode });
	const answerOf = new Map(confirmations.map((confirmation, index) => [confirmation, answers[index]]));
	return candidates.map((one) => {
		const pairedItem = { item: one.itemIndex };
		if (!('confirmation' in one)) {
			return { json: { target, fileName: one.fileName, confirmed: false, reason: one.reason }, pairedItem };
		}
		const answer = answerOf.get(one.confirmation);
		const json = {
			target,
			fileName: one.confirmation.fileName,
			confirmed: answer?.confirmed ?? false,
			...(answer?.reason === undefined ? {} : { reason: answer.reason }),
		};
		return { json, pairedItem };
	});
}

function candidate(this: IExecuteFunctions, itemIndex: number, deed: FileDeed): Candidate {
	const item = this.getInputData()[itemIndex] ?? { json: {} };
	const reported = reportedError(item);
	let file: EmittedFile;
	try {
		file = fileOf.call(this, itemIndex, deed);
	} catch (error) {
		// Where the storage node says what went wrong, that is the reason: without a connection it may put out one item for all files.
		return { itemIndex, fileName: null, reason: reported ?? toFailure(error).message };
	}
	if (reported === undefined) return { itemIndex, confirmation: { ...file, fields: storageFields(item.json) } };
	// Deleted before, by a run whose confirmation was lost: else it would be tried again for ever.
	if (deed === 'deleted' && saysItIsGone(reported)) return { itemIndex, confirmation: { ...file, fields: {} } };
	return { itemIndex, fileName: file.fileName, reason: reported };
}

function fileOf(this: IExecuteFunctions, itemIndex: number, deed: FileDeed): EmittedFile {
	const named = (this.getNodeParameter('options.fileName', itemIndex, '') as string).trim();
	return named === '' ? nearestFile.call(this, itemIndex, deed) : { fileName: named };
}

function pairedIndex({ pairedItem }: INodeExecutionData): number {
	return typeof pairedItem === 'object' && 'item' in pairedItem ? pairedItem.item : 0;
}

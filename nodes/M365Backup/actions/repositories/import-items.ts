import type { IBinaryData, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { realAmbient } from '../../base/ambient';
import { Failure } from '../../base/failure';
import { connectRepository, connectStore, encryptionOf, repositoryKey } from '../../connect/repository';
import { groupItems, type ItemGroup } from '../each-item';
import { failedItem, toNodeError } from '../errors';
import { useCases } from '../use-cases';
import { targetName } from './file-items';
import { reportedError } from './reported-file';

const sourceKey = /^(mailbox|drive|site)-[0-9a-f]{16}$/;
const chunkBytes = 256 * 1024;

type ImportMode = 'import' | 'checkOnly' | 'checkAndRemove';

type Imported = Awaited<ReturnType<typeof useCases.importFiles | typeof useCases.evict>>;

interface Brought {
	itemIndex: number;
	fileName: string;
	binary: IBinaryData;
}

type Input = Brought | { itemIndex: number; fileName: string | null; reason: string };

/** Import Files: one item for each input item with what became of its file. */
export async function importItems(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const { groups, failed } = groupItems.call(this, (itemIndex) =>
		JSON.stringify([repositoryKey.call(this, itemIndex), this.getNodeParameter('mode', itemIndex, 'import'), this.getNodeParameter('target', itemIndex, '')]),
	);
	const output = [...failed];
	for (const group of groups) {
		try {
			output.push(...(await importGroup.call(this, group)));
		} catch (error) {
			if (!this.continueOnFail()) throw toNodeError.call(this, error, group.first);
			output.push(...group.members.map((itemIndex) => failedItem(error, itemIndex)));
		}
	}
	return output;
}

async function importGroup(this: IExecuteFunctions, { first, members }: ItemGroup): Promise<INodeExecutionData[]> {
	const mode = this.getNodeParameter('mode', first, 'import') as ImportMode;
	// Every file is looked at before the first is read: a missing field is the user's mistake and should cost nothing.
	const inputs = members.map((itemIndex) => inputOf.call(this, itemIndex));
	const brought = inputs.filter((input) => 'binary' in input);
	const results = brought.length === 0 ? [] : await importBrought.call(this, first, mode, brought);
	const resultOf = new Map(brought.map((input, index) => [input.itemIndex, results[index]]));
	return inputs.map((input) => {
		const { fileName, itemIndex } = input;
		const refused = 'reason' in input ? { outcome: 'refused', reason: input.reason } : {};
		return { json: { fileName, ...resultOf.get(itemIndex), ...refused }, pairedItem: { item: itemIndex } };
	});
}

async function importBrought(this: IExecuteFunctions, first: number, mode: ImportMode, brought: readonly Brought[]): Promise<Imported> {
	const signal = this.getExecutionCancelSignal();
	const files = brought.map(({ binary, fileName }) => ({ fileName, open: () => readBinary.call(this, binary) }));
	if (mode === 'checkAndRemove') {
		const target = targetName.call(this, 'target', first);
		return await useCases.evict(await connectRepository.call(this, first), { target, files, ...(signal ? { signal } : {}) });
	}
	const store = await connectStore.call(this, first, { create: mode === 'import' });
	const encryption = await encryptionOf.call(this, first);
	return await useCases.importFiles(store, realAmbient, files, { mode, encryption, ...(signal ? { signal } : {}) });
}

/** One file that a storage node did not bring must not keep the others out: it says so, and there is nothing to import. */
function inputOf(this: IExecuteFunctions, itemIndex: number): Input {
	const item: INodeExecutionData = this.getInputData()[itemIndex] ?? { json: {} };
	const property = this.getNodeParameter('binaryPropertyName', itemIndex, 'data');
	const reason = reportedError(item);
	if (reason !== undefined && typeof property === 'string' && item.binary?.[property] === undefined) {
		return { itemIndex, fileName: namedByOption.call(this, itemIndex) || null, reason };
	}
	const binary = this.helpers.assertBinaryData(itemIndex, property);
	return { itemIndex, binary, fileName: nameOf.call(this, itemIndex, binary) };
}

function namedByOption(this: IExecuteFunctions, itemIndex: number): string {
	return (this.getNodeParameter('options.fileName', itemIndex, '') as string).trim();
}

/** The file's name in the repository, or as much of it as the input says. */
function nameOf(this: IExecuteFunctions, itemIndex: number, binary: IBinaryData): string {
	const named = namedByOption.call(this, itemIndex);
	if (named !== '') return named;
	const { fileName } = binary;
	if (!fileName) {
		throw new Failure('invalid', 'The input file has no name', {
			nextStep: 'Set the option File Name, e.g. to {{ $json.name }}.',
		});
	}
	const name = fileName.split(/[\\/]/).at(-1) ?? fileName;
	// Where the copy is kept in folders, the folder is part of the name.
	const folder = (binary.directory ?? fileName.split(/[\\/]/).slice(0, -1).join('/')).split(/[\\/]/).at(-1) ?? '';
	return sourceKey.test(folder) || folder === 'copies' ? `${folder}/${name}` : name;
}

/** The file's bytes, wherever n8n keeps them: with the execution, or in the item itself. */
async function* readBinary(this: IExecuteFunctions, binary: IBinaryData): AsyncGenerator<Uint8Array> {
	if (binary.id) {
		for await (const chunk of await this.helpers.getBinaryStream(binary.id, chunkBytes)) yield chunk as Uint8Array;
		return;
	}
	yield Buffer.from(binary.data, 'base64');
}

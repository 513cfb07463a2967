import type { IBinaryData, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { realAmbient } from '../../base/ambient';
import { Failure } from '../../base/failure';
import { connectStore, encryptionOf, repositoryKey } from '../../connect/repository';
import { groupItems, type ItemGroup } from '../each-item';
import { failedItem, toNodeError } from '../errors';
import { useCases } from '../use-cases';

const sourceKey = /^(mailbox|drive|site)-[0-9a-f]{16}$/;
const chunkBytes = 256 * 1024;

/** Import Files: one item for each input item with what became of its file. */
export async function importItems(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const { groups, failed } = groupItems.call(this, (itemIndex) =>
		JSON.stringify([repositoryKey.call(this, itemIndex), this.getNodeParameter('mode', itemIndex, 'import')]),
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
	const mode = this.getNodeParameter('mode', first, 'import') as 'import' | 'checkOnly';
	// Every file is looked at before the first is read: a missing field is the user's mistake and should cost nothing.
	const inputs = members.map((itemIndex) => {
		const property = this.getNodeParameter('binaryPropertyName', itemIndex, 'data');
		const binary = this.helpers.assertBinaryData(itemIndex, property);
		return { binary, fileName: nameOf.call(this, itemIndex, binary) };
	});
	const store = await connectStore.call(this, first, { create: mode === 'import' });
	const encryption = await encryptionOf.call(this, first);
	const signal = this.getExecutionCancelSignal();
	const files = inputs.map(({ binary, fileName }) => ({ fileName, open: () => readBinary.call(this, binary) }));
	const results = await useCases.importFiles(store, realAmbient, files, { mode, encryption, ...(signal ? { signal } : {}) });
	return members.map((itemIndex, index) => ({
		json: { fileName: inputs[index]?.fileName, ...results[index] },
		pairedItem: { item: itemIndex },
	}));
}

/** The file's name in the repository, or as much of it as the input says. */
function nameOf(this: IExecuteFunctions, itemIndex: number, binary: IBinaryData): string {
	const named = (this.getNodeParameter('options.fileName', itemIndex, '') as string).trim();
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

import { toFailure } from '../../../nodes/M365Backup/base/failure';
import { createFolderStore } from '../../../nodes/M365Backup/stores/folder-store';

/** A process of its own that puts 1 MB and says what came of it. */
async function main([root = '']: string[]): Promise<void> {
	async function* source(): AsyncGenerator<Uint8Array> {
		for (let part = 0; part < 16; part += 1) yield Buffer.alloc(65_536, 1);
	}
	const store = createFolderStore({ root });
	await store.put('folder/large', source()).then(
		() => console.log(JSON.stringify({ kind: 'stored' })),
		(error: unknown) => {
			const { kind, code, nextStep } = toFailure(error);
			console.log(JSON.stringify({ kind, code, nextStep }));
		},
	);
}

void main(process.argv.slice(2));

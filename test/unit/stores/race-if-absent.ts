import { createFolderStore } from '../../../nodes/M365Backup/stores/folder-store';

/** A process of its own that tries to take `key 0` … `key n` and says which ones it got. */
async function main([root = '', count = '0', holder = '']: string[]): Promise<void> {
	const store = createFolderStore({ root });
	async function* source(): AsyncGenerator<Uint8Array> {
		yield Buffer.from(holder);
	}
	const got: number[] = [];
	for (let index = 0; index < Number(count); index += 1) {
		await store.put(`races/key ${index}`, source(), { ifAbsent: true }).then(
			() => got.push(index),
			(error: unknown) => {
				if (!(error instanceof Error && 'kind' in error && error.kind === 'conflict')) throw error;
			},
		);
	}
	console.log(JSON.stringify(got));
}

void main(process.argv.slice(2));

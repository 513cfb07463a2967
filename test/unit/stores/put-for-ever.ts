import { createFolderStore } from '../../../nodes/M365Backup/stores/folder-store';

/** A process of its own that replaces `file` by 1 MB of one letter after another, until it is killed. */
async function main([root = '']: string[]): Promise<void> {
	const store = createFolderStore({ root });
	for (let round = 0; ; round += 1) {
		async function* source(): AsyncGenerator<Uint8Array> {
			for (let part = 0; part < 64; part += 1) yield Buffer.alloc(16_384, 97 + (round % 26));
		}
		await store.put('folder/file', source());
		if (round === 0) console.log('going');
	}
}

void main(process.argv.slice(2));

import { collectAtMost, type ProbeContent } from './check-bytes';
import type { StorageProbe } from './storage-probe';

const LENGTH = 100;

/** Whether exactly what is asked for comes back: a restore of one item reads nothing but its bytes. */
export async function checkRanges({ store, findings, signal }: StorageProbe, key: string, content: ProbeContent): Promise<void> {
	const end = content.sizeBytes;
	const middle = Math.floor(end / 2);
	const ranges = [
		{ where: 'at the start', offset: 0, length: LENGTH },
		{ where: 'in the middle', offset: middle - 1, length: LENGTH },
		{ where: 'at the end', offset: end - LENGTH, length: LENGTH },
		{ where: 'over the end', offset: end - 10, length: LENGTH },
		{ where: 'beyond the end', offset: end + 10, length: LENGTH },
	];
	await findings.trying('ranges', async () => {
		const wrong: string[] = [];
		for (const { where, offset, length } of ranges) {
			const answer = await store.get(key, { offset, length }, signal);
			const bytes = answer === null ? undefined : await collectAtMost(answer, length);
			if (bytes?.equals(content.at(offset, length)) !== true) wrong.push(where);
		}
		if (wrong.length === 0) findings.good('ranges', 'Parts of files are read exactly: at the start, in the middle, at the end and beyond it');
		else findings.bad('ranges', `Parts of files are not read as asked for: ${wrong.join(', ')}`, 'Do not use this storage: restores would read wrong bytes. A proxy or gateway that drops the header Range does this; use the storage itself.');
	});
}

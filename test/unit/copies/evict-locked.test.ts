import { expect, it } from 'vitest';
import { confirmCopied, filesToCopy } from '../../../nodes/M365Backup/engine/copy';
import { evict } from '../../../nodes/M365Backup/engine/evict';
import { filesToEvict } from '../../../nodes/M365Backup/engine/files-to-evict';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import { bytes } from '../../contract/sources';
import { all, commit, drain, sampleAmbient } from './sample-repository';

const target = 'nas';
it('a locked archive stays and is said, and the others go', async () => {
	const ambient = sampleAmbient();
	const store = createMemoryStore({ now: () => ambient.now(), locks: {} });
	const sample = { store, ambient, repository: await Repository.open(store, ambient, { create: true }) };
	await commit(sample, { add: ['m1'] });
	await commit(sample, { add: ['m2'] });
	const copy = new Map<string, Buffer>();
	for await (const file of filesToCopy(sample.repository, { target })) {
		copy.set(file.fileName, await drain(await file.open()));
		await confirmCopied(sample.repository, { target, confirmations: [{ fileName: file.fileName, fields: {} }] });
	}
	ambient.advance(31 * 86_400_000);
	const old = await all(filesToEvict(sample.repository, { target, keepDays: 30 }));
	expect(old).toHaveLength(2);
	await store.extendLock!(old[0]!.key, new Date(ambient.now().getTime() + 86_400_000));
	expect((await all(filesToEvict(sample.repository, { target, keepDays: 30 }))).map(({ key }) => key)).toEqual([old[1]!.key]);
	const results = await evict(sample.repository, { target, files: old.map(({ fileName }) => ({ fileName, open: () => bytes(copy.get(fileName)!) })) });
	expect(results.map(({ outcome }) => outcome)).toEqual(['refused', 'removedHere']);
});

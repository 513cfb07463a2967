import { describe, expect, it } from 'vitest';
import { emptyTally, exportZip } from '../../nodes/M365Backup/engine/export-zip';
import { searchSnapshot, type FoundItem } from '../../nodes/M365Backup/engine/search';
import { sourceKey } from '../../nodes/M365Backup/repository/names';
import { addMessage, commitInput, openNew, readAll, SOURCE } from '../unit/repository/fixtures';
import { unzip } from '../unit/search/unzip';
import { watchStretches } from '../support/cpu-time';

describe('a very large export', () => {
	it('holds more files than a plain ZIP can count, and lets others have their turn', async () => {
		const { repository } = await openNew();
		const run = repository.startRun(SOURCE, null);
		await run.add({ id: 'mail/inbox', whole: true, type: 'folder', name: 'Inbox', meta: {} });
		await addMessage(run, 'mail/1', 'Subject: x\r\n\r\nhello');
		const snapshot = await run.commit(commitInput());
		const items = 66_000;
		const many = async function* (): AsyncGenerator<FoundItem> {
			for await (const item of searchSnapshot(repository, snapshot, {})) {
				for (let number = 0; number < items; number += 1) yield { ...item, name: `Message ${number}` };
			}
		};
		const stretches = watchStretches();
		const tally = emptyTally();
		const bytes = await readAll(exportZip(repository, sourceKey(SOURCE), many(), tally));
		const longestMs = stretches.stop();
		expect(tally).toMatchObject({ items, files: items, failed: 0 });
		// 200 ms is what is allowed; a busy machine gets some more. Without its pauses the directory takes five seconds.
		expect(longestMs).toBeLessThan(1500);
		expect((await unzip(bytes)).size).toBe(items + 1);
	});
});

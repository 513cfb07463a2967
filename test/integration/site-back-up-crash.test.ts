import { expect, it } from 'vitest';
import { realAmbient } from '../../nodes/M365Backup/base/ambient';
import { verifyRepository } from '../../nodes/M365Backup/engine/verify';
import { createFaultyStore } from '../../nodes/M365Backup/stores/faulty-store';
import { createMemoryStore } from '../../nodes/M365Backup/stores/memory-store';
import { fillList, fillSite } from '../simulator/site-generate';
import { siteFixture } from '../support/site-fixture';
import { expectSiteSaved } from './site-help';

/** The process dies at each call of the store in turn, with commits in the middle of lists and libraries. */
it('a backup of a site that is killed anywhere is made good by the next', async () => {
	for (let calls = 1; ; calls += 3) {
		const store = createFaultyStore(createMemoryStore(), realAmbient);
		const fixture = await siteFixture({ store, switches: { listLargestPage: 7 } });
		try {
			const { site } = fixture;
			fillSite(site, { seed: 2, files: 4, lists: 1, items: 15, pages: 3 });
			await fixture.backUp();
			fillList(site.list('List 1'), { items: 10, seed: 5 });
			site.list('List 1').delete(4);
			const library = site.library('Contracts');
			const [file] = [...library.drive.files()];
			library.edit(library.itemOf(file!), { Customer: 'New' });
			site.addList({ displayName: 'New list' }).addItem({ Title: 'n' });
			site.deleteList(site.library('Größe & Maß'));
			store.stopAfter(calls, { lastTakesEffect: calls % 2 === 0 });
			const isThrough = await fixture.backUp({ commitEvery: { bytes: 1000 } }).then(() => true, () => false);
			const died = store.isStopped;
			store.heal();
			// A lease of the dead runs out.
			expect(await fixture.backUp({ hoursLater: 2 })).toMatchObject({ failures: [], warnings: [], hasMore: false });
			await expectSiteSaved(fixture);
			expect((await fixture.backUp()).status).toBe('unchanged');
			expect((await verifyRepository(fixture.repository, { deep: true })).damage).toEqual([]);
			if (isThrough && !died) return;
		} finally {
			await fixture.stop();
		}
	}
});

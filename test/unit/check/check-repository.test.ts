import { describe, expect, it } from 'vitest';
import { Findings } from '../../../nodes/M365Backup/base/finding';
import { checkRepository, type RepositoryOverview } from '../../../nodes/M365Backup/engine/check-repository';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import { createReadOnlyStore } from '../../../nodes/M365Backup/stores/read-only-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { addMessage, bytesOf, commitInput, FakeAmbient, openNew, SOURCE } from '../repository/fixtures';
import { lyingStore } from './lying-stores';

const KEY = sourceKey(SOURCE);

async function look(store: Store, ambient = new FakeAmbient()): Promise<{ overview: RepositoryOverview | null; findings: Findings }> {
	const findings = new Findings();
	// Whatever it finds, it only reads.
	const overview = await checkRepository(createReadOnlyStore(store), { ambient, encryption: undefined, findings });
	return { overview, findings };
}

const bad = ({ all }: Findings): string[] => all.filter(({ ok }) => ok === false).map(({ name }) => name);

async function backedUp() {
	const opened = await openNew();
	const run = opened.repository.startRun(SOURCE, null);
	await addMessage(run, 'mail/1', Buffer.from('Hello'));
	return { ...opened, newest: await run.commit(commitInput()) };
}

describe('what Check says of a repository', () => {
	it('how much there is, and the newest snapshot', async () => {
		const { store, newest, repository } = await backedUp();
		const { overview, findings } = await look(store);
		expect(bad(findings)).toEqual([]);
		expect(overview).toMatchObject({ id: repository.id, formatVersion: 1, encrypted: false, opens: true, mailboxes: 1, snapshots: 1, countedAll: true, running: [], brokenOff: [], copies: [], newestSnapshot: { source: SOURCE.name, id: newest.id } });
	});

	it('a lease counts only if it is the one with the highest number', async () => {
		const { store, ambient } = await backedUp();
		const until = (ms: number): string => new Date(ambient.time + ms).toISOString();
		for (const number of [1, 2, 3]) await store.put(`${KEY}/lease-${number}.json`, bytesOf(JSON.stringify({ holder: `n8n ${number}`, since: until(-60_000), until: until(number === 3 ? 60_000 : -1000) })));
		expect((await look(store, ambient)).overview).toMatchObject({ running: [{ source: SOURCE.name, holder: 'n8n 3' }], brokenOff: [] });
		ambient.advance(3_600_000);
		expect((await look(store, ambient)).overview).toMatchObject({ running: [], brokenOff: [{ holder: 'n8n 3' }] });
		await store.put(`${KEY}/lease-4.json`, bytesOf('no lease at all'));
		expect((await look(store, ambient)).overview).toMatchObject({ running: [], brokenOff: [] });
	});

	it('a damaged newest record is a fault that names what to do; the rest is told all the same', async () => {
		const { store, newest } = await backedUp();
		await store.put(`${KEY}/${newest.id}.snapshot.json`, bytesOf('{"format":1'));
		const { overview, findings } = await look(store);
		expect(bad(findings)).toEqual(['newestSnapshot']);
		expect(findings.all.find(({ name }) => name === 'newestSnapshot')!.advice).toContain('Verify');
		expect(overview).toMatchObject({ mailboxes: 1, newestSnapshot: null });
	});

	it('a later version of the format: said, and nothing is guessed', async () => {
		const { store } = await openNew();
		await store.put('repository.json', bytesOf('{"format":"m365-backup","version":2}'));
		const { overview, findings } = await look(store);
		expect(overview).toBeNull();
		expect(bad(findings)).toEqual(['repository']);
	});

	it('does not count for minutes: says that there is more', async () => {
		const { store, ambient } = await backedUp();
		const slow = lyingStore((honest) => ({
			async *list(prefix, signal) {
				for await (const file of honest.list(prefix, signal)) {
					ambient.advance(11_000);
					yield file;
				}
			},
		}), store);
		const { overview, findings } = await look(slow, ambient);
		expect(overview!.countedAll).toBe(false);
		expect(overview!.files).toBeLessThanOrEqual(3);
		expect(findings.all.find(({ name }) => name === 'repository')!.detail).toContain('at least');
	});
});

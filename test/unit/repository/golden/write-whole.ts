/**
 * Writes the repository `v1-whole` anew, with `tsx test/unit/repository/golden/write-whole.ts`: only for a format that no
 * release has written yet. A file of every kind, fields that this version does not know, and `expected.json` beside it.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { realAmbient } from '../../../../nodes/M365Backup/base/ambient';
import { confirmCopied } from '../../../../nodes/M365Backup/engine/confirm-copied';
import { holdSnapshot } from '../../../../nodes/M365Backup/engine/hold';
import { prune } from '../../../../nodes/M365Backup/engine/prune';
import { recordName, sourceKey } from '../../../../nodes/M365Backup/repository/names';
import { Repository } from '../../../../nodes/M365Backup/repository/repository';
import type { ItemLine } from '../../../../nodes/M365Backup/repository/records';
import { sealJson } from '../../../../nodes/M365Backup/repository/sealed-json';
import { createMemoryStore } from '../../../../nodes/M365Backup/stores/memory-store';
import { ModelMailbox } from '../../crash/model-mailbox';
import { backUp } from '../../../../nodes/M365Backup/engine/back-up';
import { all, bytesOf, commitInput, FakeAmbient, message, readAll, SOURCE, stateOf } from '../fixtures';

const DAY_MS = 24 * 3_600_000;
const KEY = sourceKey(SOURCE);

/** What the mailbox of the fixture went through. Also what the test needs to go on from there. */
export function historyOf(mailbox: ModelMailbox, day: number): void {
	mailbox.put(`new-${day}`, `Message of day ${day}: ${'Grüße 😀 '.repeat(day * 30)}`);
	mailbox.put('changing', `As of day ${day}`);
	if (day > 1) mailbox.remove(`new-${day - 2}`);
}

export const DAYS = 5;

async function write(root: string): Promise<void> {
	const ambient = new FakeAmbient();
	// A lease is renewed for as long as the backup lasts, which is no time here.
	ambient.sleep = (delayMs: number, signal?: AbortSignal) => realAmbient.sleep(delayMs, signal);
	const store = createMemoryStore({ now: () => ambient.now() });
	const repository = await Repository.open(store, ambient, { create: true });
	const mailbox = new ModelMailbox(2);
	for (let day = 0; day < DAYS; day++) {
		historyOf(mailbox, day);
		await backUp({ repository, source: SOURCE, workload: mailbox.workload(), ambient });
		ambient.advance(DAY_MS);
	}
	// A run that is in the middle of a listing, and lines and a record with fields of a later version.
	const run = repository.startRun(SOURCE, await repository.latest(KEY));
	await run.addSeen('mail/F', ['mail/changing', 'mail/new-3']);
	const content = [await run.addContent({ entryName: 'F/later [00000000].eml', content: bytesOf('Of a later version') })];
	await run.add(message('other/later', { content, meta: { subject: 'Later' }, laterField: { deep: [1, 2] } } as Partial<ItemLine>));
	await run.add({ id: 'mail/new-4', laterPatch: 'kept' } as unknown as ItemLine);
	const before = (await repository.cursor(KEY))!;
	const record = await run.commit(commitInput({ totals: { items: 5, bytes: 0 }, cursor: { scopes: before.scopes, failed: [], seen: [], notes: before.notes ?? {} } }));
	await store.put(`${KEY}/${recordName(record.id, 'snapshot')}`, bytesOf(sealJson({ ...record, laterField: { kept: true } })));
	await holdSnapshot(repository, { key: KEY, id: record.id, by: 'legal', reason: 'Case 4711' });
	ambient.advance(4 * DAY_MS);
	const pruned = await all(prune({ repository: await Repository.open(store, ambient), policy: { last: 2 }, zone: 'UTC', dryRun: false }));
	const archive = record.archives[0]!;
	await confirmCopied(repository, { target: 'nas', confirmations: [{ fileName: `${KEY}.${archive.name}`, sizeBytes: archive.size, sha256: archive.sha256, fields: { id: '1' } }] });
	const expected: Record<string, unknown> = { pruned: pruned[0]?.remove.map(({ id }) => id), snapshots: {} };
	const again = await Repository.open(store, ambient);
	for (const snapshot of await again.snapshots(KEY)) {
		const items: Record<string, unknown> = {};
		for (const [id, entry] of await stateOf(again, snapshot)) {
			const contents = await Promise.all((entry.content ?? []).map(async (ref) => (await readAll(again.readContent(KEY, ref))).toString()));
			items[id] = { ...entry, content: contents };
		}
		(expected['snapshots'] as Record<string, unknown>)[snapshot.id] = items;
	}
	rmSync(root, { recursive: true, force: true });
	for (const { key } of await all(store.list(''))) {
		mkdirSync(dirname(join(root, key)), { recursive: true });
		if (!key.includes('/lease-')) writeFileSync(join(root, key), await readAll((await store.get(key))!));
	}
	writeFileSync(`${root}.expected.json`, `${JSON.stringify(expected, null, '\t')}\n`);
}

if (require.main === module) void write(join(__dirname, 'v1-whole'));

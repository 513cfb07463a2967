import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prune } from '../../../nodes/M365Backup/engine/prune';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { fingerprint, type Change } from '../../../nodes/M365Backup/workloads/workload';
import { randomRuns } from '../../support/random-runs';
import { all, bytesOf, readAll, stateOf } from '../repository/fixtures';
import { fixture, KEY, page } from './scripted-workload';

/** Few names and few contents, so that many items have the same; some say that they have the same and do not. */
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const CONTENTS = Array.from({ length: 5 }, (_, index) => createHash('sha512').update(`content ${index}`).digest());
const LIE = 'the same fingerprint for all';

const change = fc.oneof(
	{ weight: 4, arbitrary: fc.record({ kind: fc.constant('put' as const), name: fc.constantFrom(...NAMES), content: fc.nat(CONTENTS.length - 1), lies: fc.boolean() }) },
	{ weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), name: fc.constantFrom(...NAMES) }) },
	{ weight: 1, arbitrary: fc.record({ kind: fc.constant('rename' as const), name: fc.constantFrom(...NAMES), to: fc.constantFrom('X', 'Y') }) },
);
const step = fc.record({ changes: fc.array(change, { minLength: 1, maxLength: 6 }), days: fc.constantFrom(0, 0, 3, 100), prunes: fc.boolean(), commits: fc.boolean() });

describe('identical contents, whatever happens to their owners', () => {
	it('are read back right from every snapshot that is left', async () => {
		await fc.assert(
			fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
				const { run, store, ambient } = await fixture();
				const model = new Map<string, number>();
				const states = new Map<string, Map<string, number>>();
				for (const [index, { changes, days, prunes, commits }] of steps.entries()) {
					const last = new Map(changes.map((one) => [one.name, one]));
					const asked: Change[] = [];
					for (const one of last.values()) {
						const id = `drive/${one.name}`;
						if (one.kind === 'put') {
							const hash = one.lies ? LIE : `hash of ${one.content}`;
							asked.push({
								kind: 'item', id, type: 'file', name: one.name, meta: { quickXorHash: hash }, isNew: !model.has(one.name),
								fetch: { id, folderPath: [], title: one.name, extension: '.bin', version: `${index}`, hints: { content: one.content }, sameAs: fingerprint(hash, 64) },
							});
							model.set(one.name, one.content);
						} else if (model.has(one.name)) {
							asked.push(one.kind === 'delete' ? { kind: 'gone', id } : { kind: 'patch', id, type: 'file', name: one.to });
							if (one.kind === 'delete') model.delete(one.name);
						}
					}
					const { summary } = await run(
						{ pages: [page(asked, `L${index}`)], fetch: (id, { hints }) => ({ id, content: bytesOf(CONTENTS[hints['content'] as number]!) }) },
						commits ? { commitEvery: { bytes: 1 } } : {},
					);
					expect(summary.failures).toEqual([]);
					const opened = await Repository.open(store, ambient);
					states.set((await opened.latest(KEY))!.id, new Map(model));
					ambient.advance(days * 24 * 3_600_000);
					if (prunes) for (const result of await all(prune({ repository: opened, policy: { last: 2 }, zone: 'UTC', dryRun: false }))) expect(result.refused).toBeUndefined();
				}
				const opened = await Repository.open(store, ambient);
				expect(await verifyRepository(opened, { deep: true })).toMatchObject({ ok: true, damage: [] });
				for (const snapshot of await opened.snapshots(KEY)) {
					const expected = states.get(snapshot.id);
					const found = await stateOf(opened, snapshot);
					if (expected) expect([...found.keys()]).toEqual([...expected.keys()].sort().map((name) => `drive/${name}`));
					for (const [id, { content }] of found) {
						const bytes = await readAll(opened.readContent(KEY, content![0]!));
						const index = expected?.get(id.slice('drive/'.length));
						expect(index === undefined ? CONTENTS.some((one) => one.equals(bytes)) : CONTENTS[index]!.equals(bytes)).toBe(true);
					}
				}
			}),
			{ numRuns: randomRuns(60) },
		);
	}, 120_000);
});

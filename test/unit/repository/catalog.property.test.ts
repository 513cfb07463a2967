import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CatalogEntry, CatalogLine, SnapshotRecord } from '../../../nodes/M365Backup/repository/records';
import { all, commitInput, openNew, SOURCE, stateOf } from './fixtures';
import { randomRuns } from '../../support/random-runs';

/** The catalog as anybody would write it down: a map of living items. */
type Model = Map<string, CatalogEntry>;

const ids = ['a', 'b', 'c', 'd/é', 'd/\uffff', 'd/😀', 'e', 'f', 'g', 'h'];
const BASE = Array.from({ length: 80 }, (_, index) => `base/${index}`);
const field = fc.constantFrom('x', 'y', 'z');
const metaValue = fc.oneof(fc.constant(null), fc.integer(), fc.constant({ deep: null }));
const meta = fc.dictionary(field, metaValue, { maxKeys: 3 });

type Step =
	| { kind: 'whole'; id: string; name: string; meta: Record<string, unknown>; etag: string | null }
	| { kind: 'patch'; id: string; name?: string; meta?: Record<string, unknown> | null; etag?: string | null }
	| { kind: 'end'; id: string }
	| { kind: 'commit' }
	| { kind: 'newRun' };

const id = fc.constantFrom(...ids);
const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 6, arbitrary: fc.record({ kind: fc.constant('whole' as const), id, name: fc.string(), meta, etag: fc.option(fc.string()) }) },
	{
		weight: 6,
		arbitrary: fc.record(
			{ kind: fc.constant('patch' as const), id, name: fc.string(), meta: fc.option(meta), etag: fc.option(fc.string()) },
			{ requiredKeys: ['kind', 'id'] },
		),
	},
	{ weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), id }) },
	{ weight: 6, arbitrary: fc.constant({ kind: 'commit' as const }) },
	{ weight: 1, arbitrary: fc.constant({ kind: 'newRun' as const }) },
);

function withoutNulls(object: Record<string, unknown>): Record<string, unknown> {
	return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

function apply(model: Model, change: Step): CatalogLine | null {
	if (change.kind === 'whole') {
		const { kind: _kind, meta: m, ...rest } = change;
		model.set(change.id, { type: 'message', ...withoutNulls(rest), meta: withoutNulls(m) } as unknown as CatalogEntry);
		return { ...rest, meta: m, whole: true, type: 'message' } as CatalogLine;
	}
	if (change.kind === 'patch') {
		const before = model.get(change.id);
		// The engine looks an item up before it patches it; a patch over nothing is no item (tested apart).
		if (!before) return null;
		const { kind: _kind, meta: m, ...rest } = change;
		const newMeta = m === undefined ? before.meta : m === null ? {} : withoutNulls({ ...before.meta, ...m });
		model.set(change.id, { ...withoutNulls({ ...before, ...rest }), meta: newMeta } as unknown as CatalogEntry);
		return { ...rest, ...(m !== undefined && { meta: m }) } as CatalogLine;
	}
	if (change.kind === 'end') {
		if (!model.delete(change.id)) return null;
		return { id: change.id, deleted: '2026-11-22T10:00:00Z', type: 'message', name: 'gone' };
	}
	return null;
}

describe('the catalog', () => {
	it('is what a plain map says, in every snapshot, however lines were spilled and segments merged', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(step, { maxLength: 60 }),
				fc.integer({ min: 1, max: 6 }),
				fc.integer({ min: 1, max: 4 }),
				async (steps, spillLines, memberLines) => {
					const { repository, ambient } = await openNew();
					const model: Model = new Map();
					const committed: { snapshot: SnapshotRecord; model: Model }[] = [];
					let run = repository.startRun(SOURCE, null, { spillLines, memberLines });
					// A base so large that the small commits after it are merged among themselves, without it.
					for (const line of [...BASE, ...ids].map((name): Step => ({ kind: 'whole', id: name, name, meta: { x: 1, y: 2 }, etag: 'e' }))) {
						await run.add(apply(model, line)!);
					}
					committed.push({ snapshot: await run.commit(commitInput()), model: new Map(model) });
					for (const change of [...steps, { kind: 'commit' } as const]) {
						if (change.kind === 'commit') {
							ambient.advance(60_000);
							committed.push({ snapshot: await run.commit(commitInput()), model: new Map(model) });
						} else if (change.kind === 'newRun') {
							// What was not committed is lost.
							await run.abandon();
							const last = committed.at(-1);
							model.clear();
							for (const [key, entry] of last?.model ?? []) model.set(key, entry);
							run = repository.startRun(SOURCE, last?.snapshot ?? null, { spillLines, memberLines });
						} else {
							const line = apply(model, change);
							if (line) await run.add(line);
							const known = (await run.lookUp([change.id])).get(change.id) ?? undefined;
							expect(known).toEqual(model.get(change.id));
						}
					}
					for (const { snapshot, model: expected } of committed) {
						expect(await stateOf(repository, snapshot)).toEqual(expected);
						expect(await repository.catalog(snapshot).lookUp([...ids, ...BASE])).toEqual(expected);
						const order = (await all(repository.catalog(snapshot).entries())).map((entry) => Buffer.from(entry.id));
						expect(order).toEqual([...order].sort((a, b) => Buffer.compare(a, b)));
					}
				},
			),
			{ numRuns: randomRuns(150) },
		);
	});
});

import { randomBytes } from 'node:crypto';
import type { Existence, GoneRule, PruneResult } from '../../../nodes/M365Backup/engine/prune';
import { prune } from '../../../nodes/M365Backup/engine/prune';
import { sourceKey } from '../../../nodes/M365Backup/repository/names';
import type { SourceRef } from '../../../nodes/M365Backup/repository/records';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { addMessage, all, commitInput, FakeAmbient } from '../repository/fixtures';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const TENANT = '7d5e8b10-0000-4000-8000-00000000000a';

/** A tenant as it is known by the backups: sources, when each was backed up, and what Microsoft 365 says of each. */
export class GoneFixture {
	readonly ambient = new FakeAmbient();
	readonly store: Store = createMemoryStore({ now: () => this.ambient.now() });
	/** What is answered, by name; `exists` for all others. */
	readonly answers = new Map<string, Existence | Error>();
	readonly asked: string[] = [];

	source(name: string, fields: Partial<SourceRef> = {}): SourceRef {
		return { workload: 'mailbox', id: `6f1c2a34-0000-4000-8000-${Buffer.from(name.padEnd(6)).toString('hex').slice(0, 12)}`, name, tenantId: TENANT, ...fields };
	}

	open(store = this.store): Promise<Repository> {
		return Repository.open(store, this.ambient, { create: true });
	}

	/** A backup that finds one new message, now. */
	async backUp(source: SourceRef, status: 'complete' | 'partial' = 'complete') {
		const repository = await this.open();
		const run = repository.startRun(source, await repository.latest(sourceKey(source)));
		await addMessage(run, `mail/${this.ambient.time}`, randomBytes(200));
		return run.commit(commitInput({ status }));
	}

	/** A backup that finds nothing new. */
	async lookAt(source: SourceRef): Promise<void> {
		const repository = await this.open();
		const cursor = (await repository.cursor(sourceKey(source)))!;
		await repository.writeCurrentCursor(sourceKey(source), { ...cursor, checkedAt: this.ambient.now().toISOString() });
	}

	/** `gone` was backed up five times, last so many days ago; `other` last an hour ago. */
	async tenant(goneDaysAgo = 100): Promise<{ gone: SourceRef; other: SourceRef }> {
		const [gone, other] = [this.source('Gone'), this.source('Other')];
		for (let n = 0; n < 5; n++) {
			await this.backUp(gone);
			this.ambient.advance(n < 4 ? DAY_MS : 0);
		}
		this.ambient.advance(goneDaysAgo * DAY_MS - HOUR_MS);
		await this.backUp(other);
		this.ambient.advance(HOUR_MS);
		this.answers.set(gone.name, { state: 'gone' });
		return { gone, other };
	}

	rule(days: number): GoneRule {
		return {
			days,
			existence: async ({ name }) => {
				this.asked.push(name);
				const answer = await Promise.resolve(this.answers.get(name) ?? { state: 'exists' as const });
				if (answer instanceof Error) throw answer;
				return answer;
			},
		};
	}

	/** By the name of the source. The policy keeps everything, unless another one is given. */
	async prune({ days = 90, dryRun = false, off = false, policy = {}, store = this.store }: { days?: number; dryRun?: boolean; off?: boolean; policy?: object; store?: Store } = {}): Promise<Map<string, PruneResult>> {
		const repository = await Repository.open(store, this.ambient);
		const results = await all(prune({ repository, policy, zone: 'UTC', dryRun, ...(off ? {} : { gone: this.rule(days) }) }));
		return new Map(results.map((result) => [result.source.name, result]));
	}

	/** Names of the files of a source, sorted. */
	async files(source: SourceRef): Promise<string[]> {
		const key = sourceKey(source);
		return (await all(this.store.list(`${key}/`))).map((file) => file.key.slice(key.length + 1)).sort();
	}

	async snapshots(source: SourceRef): Promise<number> {
		return (await this.files(source)).filter((name) => name.endsWith('.snapshot.json')).length;
	}
}

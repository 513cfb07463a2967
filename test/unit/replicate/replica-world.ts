import { backUp } from '../../../nodes/M365Backup/engine/back-up';
import { holdSnapshot } from '../../../nodes/M365Backup/engine/hold';
import { prune } from '../../../nodes/M365Backup/engine/prune';
import { replicateRepository, type ReplicateOptions, type ReplicateReport } from '../../../nodes/M365Backup/engine/replicate';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import type { RepositoryEncryption } from '../../../nodes/M365Backup/repository/encryption';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { readAgeKey } from '../../../nodes/M365Backup/stores/encryption/age-key';
import { RepositoryKey } from '../../../nodes/M365Backup/stores/encryption/repository-key';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { DAY_MS, KEY, RunAmbient } from '../crash/crash-world';
import { ModelMailbox } from '../crash/model-mailbox';
import { all, bytesOf, readAll, SOURCE, stateOf } from '../repository/fixtures';

/** How the repository is encrypted, and whether the replication is given the key. */
export type Mode = 'plain' | 'encrypted' | 'encrypted, without the key';
export const MODES: readonly Mode[] = ['plain', 'encrypted', 'encrypted, without the key'];

const key = readAgeKey({ identity: 'AGE-SECRET-KEY-12KE93HS432PZUA7CK3X8LAN5NMLM62PHKV0YSZSE9SVR75L9RMUQ9DRXWT', recoveryRecipient: '' }).then((age) => new RepositoryKey(age));

/** A repository with a mailbox, and a place for its replica that has a clock of its own. */
export class ReplicaWorld {
	readonly ambient = new RunAmbient();
	readonly mailbox = new ModelMailbox(2);
	from: Store = createMemoryStore({ now: () => this.ambient.now() });
	to: Store = createMemoryStore({ now: () => new Date(this.ambient.now().getTime() + 7777) });
	private encryption: RepositoryEncryption | undefined;

	private constructor(readonly mode: Mode) {}

	static async make(mode: Mode = 'plain'): Promise<ReplicaWorld> {
		const world = new ReplicaWorld(mode);
		if (mode !== 'plain') world.encryption = await key;
		return world;
	}

	async key(): Promise<RepositoryEncryption> {
		return await key;
	}

	async open(store: Store, create = false): Promise<Repository> {
		return await Repository.open(store, this.ambient, { create, ...(this.encryption && { encryption: this.encryption }) });
	}

	/** A day passes, with news or without. */
	async day(changes?: (mailbox: ModelMailbox) => void, place: Store = this.from): Promise<string> {
		this.ambient.advance(DAY_MS);
		changes?.(this.mailbox);
		const { snapshot } = await backUp({ repository: await this.open(place, true), source: SOURCE, workload: this.mailbox.workload(), ambient: this.ambient, commitEvery: { bytes: 1e9 } });
		return snapshot?.id ?? '';
	}

	async days(count: number): Promise<void> {
		for (let day = 0; day < count; day++) {
			const now = this.mailbox.items.size + day;
			await this.day((mailbox) => {
				mailbox.put(`new-${now}-${day}`, `Message ${now} of day ${day}`);
				mailbox.put('changing', `As of ${this.ambient.now().toISOString()}`);
				if (day > 1) mailbox.remove([...mailbox.items.keys()].find((id) => id !== 'mail/changing')!.slice(5));
			});
		}
	}

	async replicate(options: Partial<ReplicateOptions> = {}): Promise<ReplicateReport> {
		const { encryption, mode } = this;
		const withKey = mode === 'encrypted' && encryption ? { encryption } : {};
		return await replicateRepository({ from: this.from, to: this.to, ambient: this.ambient, ...withKey, ...options });
	}

	async prune(place: Store, days: number): Promise<void> {
		const repository = await this.open(place);
		for await (const { refused } of prune({ repository, policy: { within: `P${days}D` }, zone: 'UTC', dryRun: false })) if (refused) throw refused;
	}

	async hold(place: Store, id: string): Promise<void> {
		await holdSnapshot(await this.open(place), { key: KEY, id, by: 'anna', reason: 'a case' });
	}

	async snapshotIds(place: Store): Promise<string[]> {
		return (await (await this.open(place)).snapshots(KEY)).map(({ id }) => id);
	}

	/** What a restore of each snapshot gives back. */
	async everything(place: Store): Promise<Map<string, Map<string, string>>> {
		const repository = await this.open(place);
		const found = new Map<string, Map<string, string>>();
		for (const snapshot of await repository.snapshots(KEY)) {
			const contents = new Map<string, string>();
			for (const [id, { content }] of await stateOf(repository, snapshot)) for (const ref of content ?? []) contents.set(id, (await readAll(repository.readContent(KEY, ref))).toString());
			found.set(snapshot.id, contents);
		}
		return found;
	}

	async damage(place: Store): Promise<string[]> {
		return (await verifyRepository(await this.open(place), { deep: true })).damage.map(({ file, reason }) => `${file}: ${reason}`);
	}

	/** Names and bytes of all files but leases. */
	async files(place: Store): Promise<Map<string, string>> {
		const found = new Map<string, string>();
		for (const { key: name } of await all(place.list(''))) if (!name.includes('/lease-')) found.set(name, (await readAll((await place.get(name))!)).toString('hex'));
		return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
	}

	/** The name of the file as it is stored. */
	async stored(pattern: RegExp, place: Store = this.from): Promise<string> {
		const found = [...(await this.files(place)).keys()].find((name) => pattern.test(name));
		if (found === undefined) throw new Error(`no file like ${String(pattern)}`);
		return found;
	}

	/** One bit of the file is turned over. */
	async damageFile(name: string, place: Store = this.from): Promise<void> {
		const bytes = await readAll((await place.get(name))!);
		const middle = Math.floor(bytes.length / 2);
		bytes[middle] = (bytes[middle] ?? 0) ^ 1;
		await place.put(name, bytesOf(bytes));
	}
}

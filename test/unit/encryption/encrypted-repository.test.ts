import { beforeEach, describe, expect, it } from 'vitest';
import { isFailure } from '../../../nodes/M365Backup/base/failure';
import { backUp } from '../../../nodes/M365Backup/engine/back-up';
import { confirmCopied, filesToCopy, importFiles } from '../../../nodes/M365Backup/engine/copy';
import { filesToDelete } from '../../../nodes/M365Backup/engine/files-to-delete';
import { holdSnapshot } from '../../../nodes/M365Backup/engine/hold';
import { prune } from '../../../nodes/M365Backup/engine/prune';
import { verifyRepository } from '../../../nodes/M365Backup/engine/verify';
import { plainName, recordName } from '../../../nodes/M365Backup/repository/names';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { openSealed, sealJson } from '../../../nodes/M365Backup/repository/sealed-json';
import { makeAgeKey, readAgeKey } from '../../../nodes/M365Backup/stores/encryption/age-key';
import { createEncryptedStore } from '../../../nodes/M365Backup/stores/encryption/encrypted-store';
import { RepositoryKey } from '../../../nodes/M365Backup/stores/encryption/repository-key';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { bytes, keys, readBytes } from '../../contract/sources';
import { RunAmbient } from '../crash/crash-world';
import { ModelMailbox } from '../crash/model-mailbox';
import { ada, adaKey, all, commit, contentOf, drain, sampleAmbient, type Sample } from '../copies/sample-repository';

interface Keys {
	identity: string;
	recovery: { identity: string; recipient: string };
}

let secret: Keys;
let inner: Store;
let sample: Sample;

async function keyOf(identity: string, recoveryRecipient = ''): Promise<RepositoryKey> {
	return new RepositoryKey(await readAgeKey({ identity, recoveryRecipient }));
}

const ownKey = (): Promise<RepositoryKey> => keyOf(secret.identity, secret.recovery.recipient);
const recoveryKey = (): Promise<RepositoryKey> => keyOf(secret.recovery.identity);

beforeEach(async () => {
	secret = { identity: (await makeAgeKey()).identity, recovery: await makeAgeKey() };
	const ambient = sampleAmbient();
	inner = createMemoryStore({ now: () => ambient.now() });
	sample = { ambient, store: inner, repository: await Repository.open(inner, ambient, { create: true, encryption: await ownKey() }) };
	await commit(sample, { add: ['m1', 'm2', 'm3'], seen: ['m1'], status: 'partial' });
	await commit(sample, { add: ['m4'], remove: ['m1'] });
});

async function mails(repository: Repository): Promise<string[]> {
	const found: string[] = [];
	for await (const { id, content } of repository.catalog((await repository.newest(adaKey))!.snapshot).entries()) {
		expect(await drain(repository.readContent(adaKey, content![0]!))).toEqual(contentOf(id));
		found.push(id);
	}
	return found;
}

const reopened = async (encryption?: RepositoryKey, store = inner): Promise<Repository> => await Repository.open(store, sample.ambient, { encryption });

/** Everything as it stands in the store. */
async function picture(store: Store): Promise<Map<string, string>> {
	const files = new Map<string, string>();
	for (const key of await keys(store, '')) files.set(key, (await readBytes(store, key)).toString('base64'));
	return files;
}

/** Whoever can write into the storage knows the public keys, and so can encrypt whatever he likes for them. */
async function forge(key: string, change: (record: Record<string, unknown>) => void, store = inner): Promise<void> {
	const stranger = createEncryptedStore(store, { identity: (await makeAgeKey()).identity, recipients: [] });
	const ownersView = createEncryptedStore(store, await readAgeKey({ identity: secret.identity, recoveryRecipient: secret.recovery.recipient }));
	expect(stranger.asStored?.nameOf(key)).toBe(`${key}.age`);
	const record = openSealed(await readBytes(ownersView, key), key) as Record<string, unknown>;
	change(record);
	await ownersView.put(key, bytes(sealJson(record)));
}

describe('an encrypted repository', () => {
	it('shows nothing but names and sizes, and gives back everything with its key', async () => {
		expect(await mails(await reopened(await ownKey()))).toEqual(['m2', 'm3', 'm4']);
		for (const [key, content] of await picture(inner)) {
			if (/(^|\/)(repository\.json|README\.txt|lease-\d+\.json)$/.test(key)) continue;
			expect(key).toMatch(/\.age$/);
			const stored = Buffer.from(content, 'base64');
			expect(stored.toString('latin1').startsWith('age-encryption.org/v1\n'), key).toBe(true);
			// Long enough that no cipher text has them by chance.
			for (const plain of ['about m1', 'Subject: m1', 'graph.example', '"source"']) expect(stored.includes(plain), `${key}: ${plain}`).toBe(false);
		}
		const record = openSealed(await readBytes(inner, 'repository.json'), 'repository.json');
		expect(record).toMatchObject({ recipients: [expect.stringMatching(/^age1/), secret.recovery.recipient], macKey: expect.any(String) as string });
		expect(JSON.stringify(record)).not.toContain('AGE-SECRET');
	});

	it('names sizes and hashes of the files as they are stored, so that verify needs no key to find a changed bit', async () => {
		const repository = await reopened(await ownKey());
		expect((await verifyRepository(repository, { deep: true })).damage).toEqual([]);
		for (const key of await keys(inner, `${adaKey}/`)) {
			if (key.includes('lease')) continue;
			const before = await readBytes(inner, key);
			const changed = Buffer.from(before);
			changed[changed.length - 5]! ^= 1;
			await inner.put(key, bytes(changed));
			const { damage } = await verifyRepository(await reopened(await ownKey()), { deep: true });
			expect(damage.map(({ file }) => file), key).toContain(key);
			await inner.put(key, bytes(before));
		}
	});

	it('can be read with the recovery key, but not backed up into', async () => {
		const repository = await reopened(await recoveryKey());
		expect(await mails(repository)).toEqual(['m2', 'm3', 'm4']);
		expect((await verifyRepository(repository, { deep: true })).ok).toBe(true);
		const { snapshot } = (await repository.newest(adaKey))!;
		await holdSnapshot(repository, { key: adaKey, id: snapshot.id, by: 'legal', reason: 'case' });
		expect((await verifyRepository(await reopened(await ownKey()), { deep: true })).ok).toBe(true);
		expect(() => repository.startRun(ada, snapshot)).toThrow(/recovery key/);
		await expect(Repository.open(inner, sample.ambient, { create: true, encryption: await recoveryKey() })).rejects.toMatchObject({ kind: 'invalid', code: 'recoveryKey' });
	});

	it.each<[string, () => Promise<RepositoryKey | undefined>, object]>([
		['without a key', async () => undefined, { kind: 'invalid', code: 'encrypted' }],
		['with another key', async () => await keyOf((await makeAgeKey()).identity), { kind: 'denied', code: 'wrongKey' }],
		['without the recovery recipient that it was made with', async () => await keyOf(secret.identity), { kind: 'invalid', code: 'otherRecipients' }],
		['with another recovery recipient', async () => await keyOf(secret.identity, (await makeAgeKey()).recipient), { kind: 'invalid', code: 'otherRecipients' }],
	])('is not opened %s, says what to do, and stays as it is', async (_how, key, refusal) => {
		const before = await picture(inner);
		for (const create of [true, false]) {
			const error: unknown = await Repository.open(inner, sample.ambient, { create, encryption: await key() }).catch((thrown: unknown) => thrown);
			expect(error).toMatchObject(refusal);
			expect(isFailure(error) && error.nextStep).toBeTruthy();
			expect(JSON.stringify([error, String(error)])).not.toContain('AGE-SECRET');
		}
		expect(await picture(inner)).toEqual(before);
	});

	it('is not served by a recipient that somebody put into repository.json', async () => {
		const record = openSealed(await readBytes(inner, 'repository.json'), 'repository.json') as { recipients: string[] };
		await inner.put('repository.json', bytes(sealJson({ ...record, recipients: [record.recipients[0], (await makeAgeKey()).recipient] })));
		await expect(reopened(await ownKey())).rejects.toMatchObject({ code: 'otherRecipients' });
		const { recipients: _gone, ...plain } = record;
		await inner.put('repository.json', bytes(sealJson(plain)));
		await expect(reopened(await ownKey())).rejects.toMatchObject({ code: 'notEncrypted' });
	});

	it('that is not encrypted is not written to by whoever means to encrypt', async () => {
		const store = createMemoryStore();
		await Repository.open(store, sample.ambient, { create: true });
		const before = await picture(store);
		await expect(Repository.open(store, sample.ambient, { create: true, encryption: await ownKey() })).rejects.toMatchObject({ kind: 'invalid', code: 'notEncrypted' });
		expect(await picture(store)).toEqual(before);
	});

	it('whose repository.json is lost gets no new one', async () => {
		await inner.delete(['repository.json']);
		await expect(Repository.open(inner, sample.ambient, { create: true, encryption: await ownKey() })).rejects.toMatchObject({ kind: 'corrupt', code: 'missingFile' });
	});
});

describe('a record that was forged', () => {
	const newest = async (): Promise<string> => (await (await reopened(await ownKey())).newest(adaKey))!.snapshot.id;

	it('is refused by whoever asks for it, found by verify, and passed over', async () => {
		const id = await newest();
		const older = (await sample.repository.snapshots(adaKey))[0]!.id;
		await forge(`${adaKey}/${recordName(id, 'snapshot')}`, (record) => (record['tag'] = 'forged'));
		const repository = await reopened(await ownKey());
		await expect(repository.snapshot(adaKey, id)).rejects.toMatchObject({ kind: 'corrupt', code: 'forgedRecord' });
		expect((await repository.snapshots(adaKey)).map((record) => record.id)).toEqual([older]);
		const { damage } = await verifyRepository(repository);
		expect(damage.find(({ file }) => file.includes(`${id}.snapshot`))?.reason).toMatch(/mac is wrong/);
	});

	it.each(['the mac left out', 'the mac of another record'])('with %s is refused', async (how) => {
		const [first, second] = await sample.repository.snapshots(adaKey);
		await forge(`${adaKey}/${recordName(second!.id, 'snapshot')}`, (record) => {
			if (how === 'the mac left out') delete record['mac'];
			else record['mac'] = first!.mac;
		});
		await expect((await reopened(await ownKey())).snapshot(adaKey, second!.id)).rejects.toMatchObject({ code: 'forgedRecord' });
	});

	it('stops a prune of that source', async () => {
		const id = await newest();
		await commit(sample, { add: ['m5'] });
		await forge(`${adaKey}/${recordName(id, 'snapshot')}`, (record) => (record['status'] = 'partial'));
		const before = await picture(inner);
		const repository = await reopened(await ownKey());
		sample.ambient.advance(30 * 24 * 3_600_000);
		const [result] = await all(prune({ repository, policy: { last: 1 }, zone: 'UTC', dryRun: false }));
		expect(result?.refused?.message).toMatch(/mac is wrong/);
		expect(await picture(inner)).toEqual(before);
	});

	it('is not what the next backup builds upon', async () => {
		const mailbox = new ModelMailbox(2);
		for (const name of ['a', 'b']) mailbox.put(name, `content of ${name}`);
		const store = createMemoryStore();
		const ambient = new RunAmbient();
		const run = async () => {
			ambient.advance(3_600_000);
			const repository = await Repository.open(store, ambient, { create: true, encryption: await ownKey() });
			return await backUp({ repository, source: ada, workload: mailbox.workload(), ambient });
		};
		await run();
		mailbox.put('c', 'content of c');
		const second = await run();
		await forge(`${adaKey}/${recordName(second.snapshot!.id, 'snapshot')}`, (record) => ((record['source'] as { name: string }).name = 'forged'), store);
		mailbox.put('d', 'content of d');
		const third = await run();
		expect(third.status).toBe('complete');
		const repository = await Repository.open(store, sample.ambient, { encryption: await ownKey() });
		const record = await repository.snapshot(adaKey, third.snapshot!.id);
		expect(record.parent?.id).not.toBe(second.snapshot!.id);
		expect(record.totals.items).toBeGreaterThanOrEqual(4);
	});

	it('does not make a run go on from where somebody else wants it to', async () => {
		await forge(`${adaKey}/cursor.json`, (cursor) => {
			cursor['checkedAt'] = '2026-11-23T00:00:00.000Z';
			(cursor['scopes'] as Record<string, string>)['inbox'] = 'https://graph.example/delta?skips-everything';
		});
		const cursor = await (await reopened(await ownKey())).cursor(adaKey);
		expect(cursor?.scopes['inbox']).not.toContain('skips-everything');
		const { damage } = await verifyRepository(await reopened(await ownKey()));
		expect(damage.map(({ file }) => file)).toEqual([`${adaKey}/cursor.json.age`]);
	});
});

describe('a copy of an encrypted repository', () => {
	async function copied(): Promise<Map<string, Buffer>> {
		const copy = new Map<string, Buffer>();
		const repository = await reopened(await ownKey());
		for await (const file of filesToCopy(repository, { target: 'nas' })) {
			const content = await drain(await file.open());
			copy.set(file.fileName, content);
			expect(content).toEqual(await readBytes(inner, file.path));
			expect(content).toHaveLength(file.sizeBytes);
		}
		return copy;
	}

	const toImport = (copy: ReadonlyMap<string, Buffer>) => [...copy].map(([fileName, content]) => ({ fileName, open: () => bytes(content) }));

	it('holds the encrypted bytes under their .age names, and rebuilds the repository with the key alone', async () => {
		const copy = await copied();
		expect([...copy.keys()].filter((name) => !name.endsWith('.age')).sort()).toEqual(['README.txt', 'repository.json']);
		for (const key of [await ownKey(), await recoveryKey()]) {
			const store = createMemoryStore();
			const results = await importFiles(store, sample.ambient, toImport(copy), { mode: 'import', encryption: key });
			expect(results.filter(({ outcome, reason }) => outcome !== 'imported' || reason !== undefined)).toEqual([]);
			expect(await mails(await reopened(await ownKey(), store))).toEqual(['m2', 'm3', 'm4']);
			for (const [fileName, content] of copy) {
				const path = fileName.replace(/^(mailbox-[0-9a-f]{16})\./, '$1/');
				expect(await readBytes(store, path), path).toEqual(content);
			}
			expect((await verifyRepository(await reopened(await ownKey(), store), { deep: true })).ok).toBe(true);
		}
	});

	it('is not taken without the key or with another one; nothing is changed', async () => {
		const copy = await copied();
		const store = createMemoryStore();
		await expect(importFiles(store, sample.ambient, toImport(copy), { mode: 'import' })).rejects.toMatchObject({ code: 'encrypted' });
		const other = await keyOf((await makeAgeKey()).identity);
		await expect(importFiles(store, sample.ambient, toImport(copy), { mode: 'import', encryption: other })).rejects.toMatchObject({ code: 'wrongKey' });
		expect(await keys(store, '')).toEqual([]);
	});

	it('brings back what is damaged, and refuses what is damaged or plain itself', async () => {
		const copy = await copied();
		const archive = (await keys(inner, '')).find((key) => key.endsWith('.zip.age'))!;
		const sound = await readBytes(inner, archive);
		await inner.put(archive, bytes(sound.subarray(0, sound.length - 10)));
		const name = archive.replace('/', '.');
		const bring = async (fileName: string, content: Buffer) =>
			await importFiles(inner, sample.ambient, [{ fileName, open: () => bytes(content) }], { mode: 'import', encryption: await ownKey() });
		const bad = Buffer.from(sound);
		bad[100]! ^= 1;
		expect(await bring(name, bad)).toEqual([{ fileName: name, outcome: 'refused', reason: expect.stringContaining('damaged') as string }]);
		expect(await bring(plainName(name), sound)).toEqual([{ fileName: plainName(name), outcome: 'refused', reason: expect.stringContaining('not encrypted') as string }]);
		expect(await bring(name, copy.get(name)!)).toMatchObject([{ outcome: 'imported' }]);
		expect(await readBytes(inner, archive)).toEqual(sound);
	});

	it('is confirmed by the names and hashes that it has, and told what to delete by them', async () => {
		const repository = await reopened(await ownKey());
		const files = await all(filesToCopy(repository, { target: 'nas' }));
		const plain = await confirmCopied(repository, { target: 'nas', confirmations: files.map(({ fileName }) => ({ fileName: plainName(fileName), fields: {} })) });
		expect(plain.filter(({ confirmed }) => confirmed).map(({ fileName }) => fileName).sort()).toEqual(['README.txt', 'repository.json']);
		const confirmations = files.map(({ fileName, sizeBytes, sha256 }) => ({ fileName, sizeBytes, sha256, fields: { name: fileName } }));
		expect((await confirmCopied(repository, { target: 'nas', confirmations })).every(({ confirmed }) => confirmed)).toBe(true);
		expect(await all(filesToCopy(repository, { target: 'nas' }))).toEqual([]);
		for (let day = 0; day < 4; day++) {
			sample.ambient.advance(3 * 24 * 3_600_000);
			await commit(sample, { add: [`later-${day}`] });
		}
		sample.ambient.advance(3 * 24 * 3_600_000);
		const fresh = await reopened(await ownKey());
		await all(prune({ repository: fresh, policy: { last: 1 }, zone: 'UTC', dryRun: false }));
		const deleted = await all(filesToDelete(fresh, { target: 'nas' }));
		expect(deleted.length).toBeGreaterThan(0);
		for (const { fileName, fields } of deleted) expect(fields).toEqual({ name: fileName });
	});
});

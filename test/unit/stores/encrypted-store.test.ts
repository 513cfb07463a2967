import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import { derivedKey, makeAgeKey, readAgeKey, type AgeKey } from '../../../nodes/M365Backup/stores/encryption/age-key';
import { createEncryptedStore } from '../../../nodes/M365Backup/stores/encryption/encrypted-store';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import type { Store } from '../../../nodes/M365Backup/stores/store';
import { bytes, keys, readBytes, readText, text } from '../../contract/sources';

const run = promisify(execFile);
const ageProgram = ['/usr/bin/age', '/usr/local/bin/age'].find((file) => existsSync(file));
const KIB = 1024;

let inner: Store;
let key: AgeKey;
let recovery: { identity: string; recipient: string };
let store: Store;

beforeEach(async () => {
	inner = createMemoryStore();
	recovery = await makeAgeKey();
	key = await readAgeKey({ identity: (await makeAgeKey()).identity, recoveryRecipient: recovery.recipient });
	store = createEncryptedStore(inner, key);
});

describe('an encrypted store', () => {
	it('leaves plain only what everybody must be able to read', async () => {
		await store.put('repository.json', text('{}'));
		await store.put('README.txt', text('how to'));
		await store.put('mailbox-1/lease-1.json', text('me'));
		await store.put('mailbox-1/secret.json', text('top secret'));
		expect((await keys(inner, '')).sort()).toEqual(['README.txt', 'mailbox-1/lease-1.json', 'mailbox-1/secret.json.age', 'repository.json']);
		expect(await readText(inner, 'README.txt')).toBe('how to');
		expect((await readBytes(inner, 'mailbox-1/secret.json.age')).includes('secret')).toBe(false);
		expect((await keys(store, 'mailbox-1/')).sort()).toEqual(['mailbox-1/lease-1.json', 'mailbox-1/secret.json']);
	});

	it('does not see what somebody put there without encrypting it', async () => {
		await inner.put('mailbox-1/forged.json', text('forged'));
		expect(await keys(store, '')).toEqual([]);
		expect(await store.get('mailbox-1/forged.json')).toBeNull();
	});

	it('tells size and hash of what is stored', async () => {
		const told: unknown[] = [];
		await store.put('a', text('hello'), { onStored: (stored) => told.push(stored) });
		const stored = await readBytes(inner, 'a.age');
		expect(told).toEqual([{ sizeBytes: stored.length, sha256: createHash('sha256').update(stored).digest('hex') }]);
		expect(await readBytes(store.asStored!.store, 'a')).toEqual(stored);
		expect(store.asStored!.nameOf('a')).toBe('a.age');
	});

	it.each([0, 1, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 128 * KIB, 200_000])('gives back %i bytes whole and by any range', async (sizeBytes) => {
		const plain = randomBytes(sizeBytes);
		await store.put('f', bytes(plain.subarray(0, 10), plain.subarray(10)));
		expect(await readBytes(store, 'f')).toEqual(plain);
		for (const offset of [0, 1, 65_535, 65_536, 65_537, 131_072, sizeBytes - 1, sizeBytes, sizeBytes + 70_000]) {
			for (const length of [0, 1, 10, 65_536, 70_000, 1_000_000]) {
				if (offset < 0) continue;
				expect(await readBytes(store, 'f', { offset, length }), `${offset}+${length}`).toEqual(plain.subarray(offset, offset + length));
			}
		}
	});

	it('finds every flipped bit and every cut, and never gives back other bytes', async () => {
		const plain = randomBytes(150);
		await store.put('f', bytes(plain));
		const sealed = await readBytes(inner, 'f.age');
		const damages = [
			...Array.from(sealed, (_, at) => Buffer.from(sealed.map((byte, index) => (index === at ? byte ^ (1 << at % 8) : byte)))),
			...Array.from(sealed, (_, length) => sealed.subarray(0, length)),
			Buffer.concat([sealed, Buffer.from('x')]),
		];
		for (const [index, damaged] of damages.entries()) {
			await inner.put('f.age', bytes(damaged));
			await expect(readBytes(store, 'f'), `damage ${index}`).rejects.toMatchObject({ name: 'Failure' });
		}
	});

	it('finds a file that was cut off between two chunks, and chunks in another order', async () => {
		const plain = randomBytes(200_000);
		await store.put('f', bytes(plain));
		const sealed = await readBytes(inner, 'f.age');
		const start = sealed.length - (200_000 + 4 * 16);
		const chunk = (index: number): Buffer => sealed.subarray(start + index * 65_552, start + (index + 1) * 65_552);
		for (const damaged of [sealed.subarray(0, start + 2 * 65_552), Buffer.concat([sealed.subarray(0, start), chunk(1), chunk(0), chunk(2), chunk(3)])]) {
			await inner.put('f.age', bytes(damaged));
			await expect(readBytes(store, 'f')).rejects.toMatchObject({ kind: 'corrupt', code: 'damagedFile' });
		}
	});

	it('says that a key is wrong, and not that the file is damaged', async () => {
		await store.put('f', text('hello'));
		const other = createEncryptedStore(inner, await readAgeKey({ identity: (await makeAgeKey()).identity }));
		await expect(readBytes(other, 'f')).rejects.toMatchObject({ kind: 'denied', code: 'wrongKey' });
		await expect(readBytes(other, 'f', { offset: 1, length: 2 })).rejects.toMatchObject({ kind: 'denied', code: 'wrongKey' });
	});

	it('reads a file that was overwritten anew, also by range', async () => {
		await store.put('cursor.json', text('first version'));
		expect((await readBytes(store, 'cursor.json', { offset: 0, length: 5 })).toString()).toBe('first');
		await store.put('cursor.json', text('other'));
		expect((await readBytes(store, 'cursor.json', { offset: 0, length: 5 })).toString()).toBe('other');
	});

	it('is opened by the age program, with the key and with the recovery key, and opens what that made', async ({ skip }) => {
		if (ageProgram === undefined) return skip('the program age is not installed');
		const folder = await mkdtemp(path.join(tmpdir(), 'm365-age-'));
		try {
			const plain = randomBytes(200_000);
			await store.put('f', bytes(plain));
			await writeFile(path.join(folder, 'f.age'), await readBytes(inner, 'f.age'));
			for (const identity of [key.identity, recovery.identity]) {
				await writeFile(path.join(folder, 'key.txt'), `# a comment\n${identity}\n`);
				const { stdout } = await run(ageProgram, ['-d', '-i', path.join(folder, 'key.txt'), path.join(folder, 'f.age')], { encoding: 'buffer', maxBuffer: 1e6 });
				expect(stdout.equals(plain)).toBe(true);
			}
			await writeFile(path.join(folder, 'plain'), plain);
			const { stdout } = await run(ageProgram, ['-r', key.recipients[0]!, path.join(folder, 'plain')], { encoding: 'buffer', maxBuffer: 1e6 });
			await inner.put('theirs.age', bytes(stdout));
			expect((await readBytes(store, 'theirs')).equals(plain)).toBe(true);
		} finally {
			await rm(folder, { recursive: true, force: true });
		}
	});
});

describe('a key that a person enters', () => {
	it('may come as age-keygen writes it', async () => {
		const { identity, recipient } = await makeAgeKey();
		expect(await readAgeKey({ identity: `# created: today\r\n# public key: ${recipient}\r\n  ${identity}  \r\n` })).toEqual({ identity, recipients: [recipient] });
	});

	it('is refused with the reason, which never repeats a secret', async () => {
		const { identity, recipient } = await makeAgeKey();
		const flipped = identity.replace(/.$/, (last) => (last === 'Q' ? 'P' : 'Q'));
		const bad: [Parameters<typeof readAgeKey>[0], RegExp][] = [
			[{ identity: '' }, /is empty/],
			[{ identity: '# only a comment' }, /is empty/],
			[{ identity: recipient }, /public key/],
			[{ identity: flipped }, /a character of it is wrong/],
			[{ identity: identity.slice(0, -3) }, /not a secret key of age/],
			[{ identity: `${identity}\n${identity}` }, /more than one line/],
			[{ identity, recoveryRecipient: recovery.identity }, /recovery recipient is a secret key/],
			[{ identity, recoveryRecipient: 'age1nonsense' }, /not a public key of age/],
			[{ identity, recoveryRecipient: recovery.recipient.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q')) }, /not a public key of age/],
			[{ identity, recoveryRecipient: recipient }, /itself/],
		];
		for (const [entered, message] of bad) {
			const error: unknown = await readAgeKey(entered).catch((thrown: unknown) => thrown);
			expect(error).toMatchObject({ kind: 'invalid', message: expect.stringMatching(message) as string });
			expect(JSON.stringify([error, (error as Error).message, String((error as Error).stack), (error as Error).cause])).not.toContain(identity.slice(20, 50));
		}
	});

	it('gives the same derived key each time, another one for another use or identity', async () => {
		const other = await makeAgeKey();
		expect(derivedKey(key.identity, 'mac')).toEqual(derivedKey(key.identity, 'mac'));
		expect(derivedKey(key.identity, 'mac')).not.toEqual(derivedKey(key.identity, 'else'));
		expect(derivedKey(key.identity, 'mac')).not.toEqual(derivedKey(other.identity, 'mac'));
		expect(derivedKey(key.identity, 'mac')).toHaveLength(32);
	});
});

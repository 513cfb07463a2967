import { describe, expect, it } from 'vitest';
import { makeAgeKey, readAgeKey } from '../../../nodes/M365Backup/stores/encryption/age-key';
import { createEncryptedStore } from '../../../nodes/M365Backup/stores/encryption/encrypted-store';
import { createMemoryStore } from '../../../nodes/M365Backup/stores/memory-store';
import { bytes } from '../../contract/sources';

const KEY = 'some/file.zip';
const RANGE = { offset: 2, length: 3 };

async function text(content: AsyncIterable<Uint8Array> | null): Promise<string> {
	const parts: Uint8Array[] = [];
	for await (const part of content ?? []) parts.push(Buffer.from(part));
	return Buffer.concat(parts).toString();
}

describe('a file that another process writes anew', () => {
	it('is read by range as it is now, not called damaged', async () => {
		const inner = createMemoryStore();
		const key = await readAgeKey({ identity: (await makeAgeKey()).identity });
		const [here, elsewhere] = [createEncryptedStore(inner, key), createEncryptedStore(inner, key)];
		await here.put(KEY, bytes(Buffer.from('0123456789')));
		expect(await text(await here.get(KEY, RANGE))).toBe('234');

		await elsewhere.put(KEY, bytes(Buffer.from('abcdefghij')));

		expect(await text(await here.get(KEY, RANGE))).toBe('cde');
	});

	it('is still called damaged where its bytes were changed', async () => {
		const inner = createMemoryStore();
		const here = createEncryptedStore(inner, await readAgeKey({ identity: (await makeAgeKey()).identity }));
		await here.put(KEY, bytes(Buffer.from('0123456789')));
		expect(await text(await here.get(KEY, RANGE))).toBe('234');
		const parts: Uint8Array[] = [];
		for await (const part of (await inner.get(`${KEY}.age`)) ?? []) parts.push(Buffer.from(part));
		const changed = Buffer.concat(parts);
		changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
		await inner.put(`${KEY}.age`, bytes(changed));

		await expect(here.get(KEY, RANGE).then(text)).rejects.toMatchObject({ kind: 'corrupt' });
	});
});

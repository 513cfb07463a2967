import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { certificatesFor } from './certificates';

it('whoever asks at the same time gets a certificate that its authority has signed, and all get the same', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'm365-certificates-'));
	try {
		const all = await Promise.all(Array.from({ length: 12 }, () => certificatesFor(['graph.microsoft.com'], folder)));
		for (const { cert, caFile } of all) expect(new X509Certificate(cert).verify(new X509Certificate(await readFile(caFile)).publicKey)).toBe(true);
		expect(new Set(all.map(({ cert }) => cert)).size).toBe(1);
	} finally {
		await rm(folder, { recursive: true });
	}
});

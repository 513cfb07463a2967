import { generate } from 'selfsigned';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createHash, randomBytes } from 'node:crypto';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

export interface Certificates {
	/** PEM. */
	key: string;
	cert: string;
	/** The certificate authority alone, for NODE_EXTRA_CA_CERTS. */
	caFile: string;
}

const VALID_DAYS = 30;

/**
 * A certificate authority and a server certificate for loopback and the given names. Kept in a folder by names and
 * week, so that tests do not wait for keys each time.
 */
export async function certificatesFor(hostNames: readonly string[], certDir?: string): Promise<Certificates> {
	const dir = certDir ?? join(tmpdir(), `m365-simulator-certificates-${userInfo().username}`);
	await mkdir(dir, { recursive: true, mode: 0o700 });
	const names = ['localhost', ...hostNames];
	const week = Math.floor(Date.now() / (7 * 24 * 3_600_000));
	const id = createHash('sha256').update(JSON.stringify([names, week])).digest('hex').slice(0, 16);
	const caFile = join(dir, `${id}.ca.pem`);
	const serverFile = join(dir, `${id}.server.json`);
	try {
		return { ...(JSON.parse(await readFile(serverFile, 'utf8')) as { key: string; cert: string }), caFile };
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
	}
	const { ca, key, cert } = await make(names);
	await writeWhole(caFile, ca);
	await writeWhole(serverFile, JSON.stringify({ key, cert }));
	// Another process may have been quicker with the same names: what stands in the folder counts for both files.
	return { ...(JSON.parse(await readFile(serverFile, 'utf8')) as { key: string; cert: string }), caFile };
}

async function make(names: readonly string[]): Promise<{ ca: string; key: string; cert: string }> {
	const notBeforeDate = new Date(Date.now() - 24 * 3_600_000);
	const notAfterDate = new Date(Date.now() + VALID_DAYS * 24 * 3_600_000);
	const authority = await generate([{ name: 'commonName', value: 'Simulated Microsoft 365 tenant CA' }], {
		keyType: 'ec',
		curve: 'P-256',
		algorithm: 'sha256',
		notBeforeDate,
		notAfterDate,
		extensions: [
			{ name: 'basicConstraints', cA: true, critical: true },
			{ name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
		],
	});
	const server = await generate([{ name: 'commonName', value: names[0] ?? 'localhost' }], {
		keyType: 'ec',
		curve: 'P-256',
		algorithm: 'sha256',
		notBeforeDate,
		notAfterDate,
		ca: { key: authority.private, cert: authority.cert },
		extensions: [
			{ name: 'basicConstraints', cA: false, critical: true },
			{ name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
			{ name: 'extKeyUsage', serverAuth: true },
			{ name: 'subjectAltName', altNames: [...names.map((value) => ({ type: 2 as const, value })), { type: 7 as const, ip: '127.0.0.1' }] },
		],
	});
	return { ca: authority.cert, key: server.private, cert: server.cert };
}

/** A reader sees all of it or nothing. */
async function writeWhole(file: string, content: string): Promise<void> {
	const temporary = `${file}.${randomBytes(4).toString('hex')}`;
	await writeFile(temporary, content, { mode: 0o600 });
	await rename(temporary, file);
}

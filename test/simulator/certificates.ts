import { generate } from 'selfsigned';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
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
	const stored = join(dir, `${id}.json`);
	const { ca, key, cert } = (await read(stored)) ?? (await keepFirst(stored, await make(names)));
	const caFile = join(dir, `${id}-${createHash('sha256').update(ca).digest('hex').slice(0, 16)}.ca.pem`);
	await writeWhole(caFile, ca);
	return { key, cert, caFile };
}

interface Made {
	/** PEM, all of them. */
	ca: string;
	key: string;
	cert: string;
}

async function read(file: string): Promise<Made | undefined> {
	try {
		return JSON.parse(await readFile(file, 'utf8')) as Made;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
		return undefined;
	}
}

/** Other processes make some for the same names at the same time: those count that were there first, for all. */
async function keepFirst(file: string, made: Made): Promise<Made> {
	const temporary = `${file}.${randomBytes(4).toString('hex')}`;
	await writeFile(temporary, JSON.stringify(made), { mode: 0o600 });
	try {
		await link(temporary, file);
		return made;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
		return (await read(file)) ?? made;
	} finally {
		await rm(temporary);
	}
}

async function make(names: readonly string[]): Promise<Made> {
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

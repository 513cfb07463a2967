import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { toFailure } from '../base/failure';
import type { Store } from '../stores/store';
import { damagedFile, missingFile, pack } from './bytes';
import { MAX_LINE_CHARS } from './limits';
import { parseRepositoryKey } from './names';

/** An id met by an enumeration of everything under `parent`. */
export interface SeenId {
	parent: string;
	id: string;
}

const MEMBER_IDS = 5000;

/** A seen file as gzip NDJSON. */
export async function* encodeSeen(seen: readonly SeenId[]): AsyncIterable<Uint8Array> {
	for (let start = 0; start < seen.length; start += MEMBER_IDS) {
		const lines = seen.slice(start, start + MEMBER_IDS).map(({ parent, id }) => JSON.stringify({ parent, id }));
		yield await pack(`${lines.join('\n')}\n`);
	}
}

/** The ids in these seen files, in their order. Throws `corrupt` for a file that is missing or damaged. */
export async function* readSeen(store: Store, prefix: string, names: readonly string[], signal?: AbortSignal): AsyncIterable<SeenId> {
	for (const name of names) {
		const key = `${prefix}/${name}`;
		if (parseRepositoryKey(key).kind !== 'seen') throw damagedFile(key, 'it is no seen file');
		const content = await store.get(key, undefined, signal);
		if (content === null) throw missingFile(store, key);
		for await (const line of textLines(content, key)) yield parseSeen(line, key);
	}
}

async function* textLines(content: AsyncIterable<Uint8Array>, key: string): AsyncIterable<string> {
	const source = Readable.from(content, { objectMode: false });
	const unpacked = createGunzip();
	let sourceError: unknown;
	source.on('error', (error) => {
		sourceError = error;
		unpacked.destroy(error);
	});
	source.pipe(unpacked).setEncoding('utf8');
	let rest = '';
	try {
		for await (const chunk of unpacked) {
			const lines = (rest + String(chunk)).split('\n');
			rest = lines.pop() ?? '';
			if (rest.length > MAX_LINE_CHARS) throw damagedFile(key, 'a line is too long');
			yield* lines;
		}
	} catch (error) {
		if (sourceError !== undefined) throw toFailure(sourceError);
		throw damagedFile(key, 'it cannot be unpacked', error);
	} finally {
		source.destroy();
		unpacked.destroy();
	}
	if (rest !== '') throw damagedFile(key, 'it ends within a line');
}

function parseSeen(line: string, key: string): SeenId {
	let value: unknown;
	try {
		value = JSON.parse(line);
	} catch (cause) {
		throw damagedFile(key, 'a line is not JSON', cause);
	}
	if (typeof value === 'object' && value !== null) {
		const { parent, id } = value as Record<string, unknown>;
		if (typeof parent === 'string' && typeof id === 'string') return { parent, id };
	}
	throw damagedFile(key, 'a line has no parent or id');
}

import type { Store } from '../stores/store';
import { damagedFile, linesOf, missingFile } from './bytes';
import { MAX_MEMBER_TEXT_BYTES } from './limits';
import { parseRepositoryKey } from './names';
import { openSealedMembers, packSealed } from './sealed-gzip';

/** An id met by an enumeration of everything under `parent`. */
export interface SeenId {
	parent: string;
	id: string;
}

const MEMBER_IDS = 5000;

/** A seen file as gzip NDJSON. Its last line, `{"ids":N}`, says how many there are: no record names its size or hash. */
export async function* encodeSeen(seen: readonly SeenId[]): AsyncIterable<Uint8Array> {
	for (let start = 0; start < seen.length; start += MEMBER_IDS) {
		const lines = seen.slice(start, start + MEMBER_IDS).map(({ parent, id }) => JSON.stringify({ parent, id }));
		if (start + MEMBER_IDS >= seen.length) lines.push(JSON.stringify({ ids: seen.length }));
		yield await packSealed(`${lines.join('\n')}\n`);
	}
}

/** The ids in these seen files, in their order. Throws `corrupt` for a file that is missing or damaged. */
export async function* readSeen(store: Store, prefix: string, names: readonly string[], signal?: AbortSignal): AsyncIterable<SeenId> {
	for (const name of names) {
		const key = `${prefix}/${name}`;
		if (parseRepositoryKey(key).kind !== 'seen') throw damagedFile(key, 'it is no seen file');
		const content = await store.get(key, undefined, signal);
		if (content === null) throw missingFile(store, key);
		let count = 0;
		let end: number | undefined;
		for await (const plain of openSealedMembers(content, MAX_MEMBER_TEXT_BYTES, key)) {
			for (const line of linesOf(plain)) {
				if (end !== undefined) throw damagedFile(key, 'it goes on after its end');
				const said = parseLine(line, key);
				if (typeof said === 'number') end = said;
				else {
					count += 1;
					yield said;
				}
			}
		}
		if (end !== count) throw damagedFile(key, 'it is cut off');
	}
}

/** An id, or how many there are. */
function parseLine(line: string, key: string): SeenId | number {
	let value: unknown;
	try {
		value = JSON.parse(line);
	} catch (cause) {
		throw damagedFile(key, 'a line is not JSON', cause);
	}
	if (typeof value === 'object' && value !== null) {
		const { parent, id, ids } = value as Record<string, unknown>;
		if (typeof ids === 'number') return ids;
		if (typeof parent === 'string' && typeof id === 'string') return { parent, id };
	}
	throw damagedFile(key, 'a line has no parent or id');
}

import { Failure, isFailure, toFailure } from '../base/failure';
import { batch, type BatchParts } from './batch';
import { foreignLink, type GraphAddress } from './graph-address';
import { readJson } from './readers';

/** Where an enumeration stands: at its start, or at a link that Graph gave (next or delta). Plain data, fit to be stored. */
export type DeltaCursor = { kind: 'link'; url: string } | { kind: 'start'; path: string };

/**
 * One page. Exactly one of `next` (more now) and `delta` (that was all; ask here next time) is there, unless `resync`:
 * Graph no longer knows the link, items are empty, and everything must be enumerated anew, at `restartUrl` if given.
 */
export interface DeltaPage<T> {
	items: T[];
	next?: string;
	delta?: string;
	resync?: { restartUrl?: string };
}

export interface DeltaOptions {
	signal?: AbortSignal;
	/** Sent as `Prefer: odata.maxpagesize`: `$top` would cap the total (microsoft-graph-docs#2232). */
	maxPageSize?: number;
	/** More of the `Prefer` header: `deltashowsharingchanges`… (driveitem-delta). */
	prefer?: readonly string[];
}

export interface DeltaAnswer<T> {
	id: string;
	page?: DeltaPage<T>;
	failure?: Failure;
}

/** One page. Throws Failures, `expiredCursor` code `foreignLink` for a link of another cloud; an expired link is a value, but no start. */
export async function delta<T>(parts: BatchParts, cursor: DeltaCursor, options: DeltaOptions): Promise<DeltaPage<T>> {
	const link = linkOf(parts.address, cursor);
	let location: string | null = null;
	try {
		const body = await parts.sender.send({
			method: 'GET',
			url: parts.address.absolute(link),
			path: parts.address.relative(link),
			headers: preferHeader(options),
			signal: options.signal,
			repeatable: true,
			read: readJson,
			onRefusal: (response) => {
				location = response.headers.get('location');
			},
		});
		return pageOf<T>(parts.address, body);
	} catch (error) {
		if (isExpired(error, cursor)) return resync(parts.address, location);
		throw error;
	}
}

/** One page for each cursor, all of one mailbox, through `$batch`. What fails for one comes as its failure. */
export async function* deltaBatch<T>(
	parts: BatchParts,
	cursors: readonly { id: string; cursor: DeltaCursor }[],
	options: DeltaOptions,
): AsyncGenerator<DeltaAnswer<T>, void, undefined> {
	const requests = [];
	const byId = new Map(cursors.map(({ id, cursor }) => [id, cursor]));
	for (const { id, cursor } of cursors) {
		try {
			requests.push({ id, method: 'GET' as const, path: parts.address.relative(linkOf(parts.address, cursor)), headers: preferHeader(options) });
		} catch (error) {
			yield { id, failure: toFailure(error) };
		}
	}
	for await (const answer of batch(parts, requests, options)) {
		if ('failure' in answer) {
			if (isExpired(answer.failure, byId.get(answer.id))) yield { id: answer.id, page: resync(parts.address, answer.location ?? null) };
			else yield { id: answer.id, failure: answer.failure };
			continue;
		}
		try {
			yield { id: answer.id, page: pageOf<T>(parts.address, answer.body) };
		} catch (error) {
			yield { id: answer.id, failure: toFailure(error) };
		}
	}
}

function preferHeader({ maxPageSize, prefer = [] }: DeltaOptions): Record<string, string> {
	const all = [...(maxPageSize === undefined ? [] : [`odata.maxpagesize=${maxPageSize}`]), ...prefer];
	return all.length === 0 ? {} : { Prefer: all.join(', ') };
}

/** A stored link of another host is as good as expired, and nothing is sent to it. */
function linkOf(address: GraphAddress, cursor: DeltaCursor): string {
	if (cursor.kind === 'start') return cursor.path;
	if (!address.isOwn(cursor.url)) throw foreignLink('expiredCursor');
	return cursor.url;
}

/** Only a link expires. Who is refused even at the beginning must not begin again and again. */
function isExpired(error: unknown, cursor: DeltaCursor | undefined): boolean {
	return cursor?.kind === 'link' && isFailure(error, 'expiredCursor') && error.code !== 'foreignLink';
}

function resync<T>(address: GraphAddress, location: string | null): DeltaPage<T> {
	return { items: [], resync: location !== null && address.isOwn(location) ? { restartUrl: location } : {} };
}

/** Throws `transient` (code `noLink`) when a page ends in neither link: its enumeration can be trusted no further. */
export function pageOf<T>(address: GraphAddress, body: unknown): DeltaPage<T> {
	if (typeof body !== 'object' || body === null || !('value' in body) || !Array.isArray(body.value)) {
		throw new Failure('transient', 'A delta page of Microsoft Graph has no list of items', { code: 'noItems' });
	}
	const next = address.checkedLink('@odata.nextLink' in body ? body['@odata.nextLink'] : undefined);
	const last = address.checkedLink('@odata.deltaLink' in body ? body['@odata.deltaLink'] : undefined);
	const items = body.value as T[];
	if (next !== undefined) return { items, next };
	if (last !== undefined) return { items, delta: last };
	throw new Failure('transient', 'A delta page of Microsoft Graph ends without a link to go on', { code: 'noLink' });
}

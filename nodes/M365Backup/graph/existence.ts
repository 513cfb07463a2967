import { isFailure, toFailure, type Failure } from '../base/failure';
import type { GraphClient } from './client';

/** Whether Graph still knows an id. */
export type Existence =
	| { state: 'exists' }
	/** `since` (ISO 8601): when it was deleted, where Graph tells that. */
	| { state: 'gone'; since?: string }
	/** Anything that is not a plain "there is no such thing": nothing follows from it. `reason` for people. */
	| { state: 'unknown'; reason: string };

interface CallOptions {
	signal?: AbortSignal;
}

/** What the directory answers for an object that does not exist. */
const NO_OBJECT = 'request_resourcenotfound';
/** What SharePoint answers for a drive or site that does not exist. A missing OneDrive or licence has other codes. */
const NO_ITEM = 'itemnotfound';

/**
 * Whether a mailbox, drive or site exists, by its id and nothing else: a 404 with the code that says so. A licence that was
 * taken away, a locked site, a 403, a failed sign-in are none of it. Throws only `cancelled` and `defect`.
 */
export async function existenceOf(client: GraphClient, workload: 'mailbox' | 'drive' | 'site', id: string, options: CallOptions = {}): Promise<Existence> {
	switch (workload) {
		case 'mailbox':
			return await userExistence(client, id, options);
		case 'drive':
			return await ask(client, `/drives/${encodeURIComponent(id)}?$select=id`, NO_ITEM, options);
		case 'site':
			return await siteExistence(client, id, options);
	}
}

/**
 * A user that was deleted can be restored, mailbox and all, for 30 days; Entra tells when it was deleted as long as it can
 * (directory/deletedItems). Without leave to look there nothing is known for certain.
 */
async function userExistence(client: GraphClient, id: string, options: CallOptions): Promise<Existence> {
	const living = await ask(client, `/users/${encodeURIComponent(id)}?$select=id`, NO_OBJECT, options);
	if (living.state !== 'gone') return living;
	try {
		const found = await client.json<{ deletedDateTime?: string | null }>({ path: `/directory/deletedItems/${encodeURIComponent(id)}?$select=id,deletedDateTime`, ...options });
		const { deletedDateTime } = found;
		if (typeof deletedDateTime === 'string') return { state: 'gone', since: deletedDateTime };
		return { state: 'unknown', reason: 'it is among the deleted users, but Entra does not say since when' };
	} catch (error) {
		return said(error, NO_OBJECT);
	}
}

/** A site's id begins with its host name, which a renamed tenant changes: then the site itself is there under another id. */
async function siteExistence(client: GraphClient, id: string, options: CallOptions): Promise<Existence> {
	const asked = await ask(client, `/sites/${id}?$select=id`, NO_ITEM, options);
	const [host = '', collection] = id.split(',');
	if (asked.state !== 'gone' || collection === undefined) return asked;
	try {
		const { id: now } = await client.json<{ id: string }>({ path: `/sites/${collection}?$select=id`, ...options });
		// A subsite of it has gone.
		if (now.split(',')[0]?.toLowerCase() === host.toLowerCase()) return asked;
		return { state: 'unknown', reason: 'its site collection is there under another address' };
	} catch (error) {
		return said(error, NO_ITEM);
	}
}

async function ask(client: GraphClient, path: string, code: string, options: CallOptions): Promise<Existence> {
	try {
		await client.json({ path, ...options });
		return { state: 'exists' };
	} catch (error) {
		return said(error, code);
	}
}

function said(error: unknown, code: string): Existence {
	const failure = toFailure(error);
	if (isFailure(failure, 'cancelled', 'defect')) throw failure;
	if (failure.status === 404 && failure.code?.toLowerCase() === code) return { state: 'gone' };
	return unknownBecause(failure);
}

/** For failures before anything could be asked, too. */
export function unknownBecause({ title, message, nextStep }: Failure): Existence {
	return { state: 'unknown', reason: [title ?? message, nextStep].filter((text) => text !== undefined).join('. ') };
}

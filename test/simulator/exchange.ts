import type { ContentSource } from './drive-urls';
import type { OdataQuery } from './odata-query';
import type { Tenant } from './tenant';

/** One Graph request, from HTTP or from inside a `$batch`. */
export interface GraphRequest {
	method: string;
	/** As asked, from `/v1.0` on, with query. */
	url: string;
	/** Decoded, without `v1.0`; `users('x')` is two segments. */
	segments: string[];
	query: OdataQuery;
	/** Names in lower case. */
	headers: Record<string, string>;
	body: Buffer;
	/** `https://host:port` as the client addressed it: links point back there. */
	origin: string;
	inBatch: boolean;
	prefer: Preferences;
	roles: ReadonlySet<string>;
	tenant: Tenant;
}

export interface Preferences {
	immutable: boolean;
	maxPageSize?: number;
	textBody: boolean;
	unsafeHtml: boolean;
	/** Of events: times are told in it. */
	timeZone?: string;
}

/** What is wrong with an answer on its way: scripted faults only. */
export type Breakage =
	| { kind: 'reset' }
	/** Half of the body, then the connection is reset. */
	| { kind: 'resetHalfway' }
	/** Content-Length of the whole, only so many bytes of it, then the connection ends. */
	| { kind: 'truncate'; atByte: number }
	/** As truncate, but the length says nothing: the body simply ends early. */
	| { kind: 'silentTruncate'; atByte: number };

export interface GraphAnswer {
	status: number;
	headers?: Record<string, string>;
	json?: unknown;
	bytes?: Buffer;
	/** Sent as it is read; nothing of it is held. */
	source?: ContentSource;
	contentType?: string;
	breakage?: Breakage;
	/** Counted under this name, e.g. `GET /users/{id}/messages/{id}/$value`. */
	route?: string;
	delayMs?: number;
}

export function parsePreferences(header: string | undefined): Preferences {
	const preferences: Preferences = { immutable: false, textBody: false, unsafeHtml: false };
	for (const part of (header ?? '').split(/[,;]/)) {
		const [name = '', value = ''] = part.split('=', 2).map((text) => text.trim().replace(/^"|"$/g, ''));
		const key = name.toLowerCase();
		if (key === 'idtype' && value.toLowerCase() === 'immutableid') preferences.immutable = true;
		if (key === 'odata.maxpagesize' && /^\d+$/.test(value) && Number(value) > 0) preferences.maxPageSize = Number(value);
		if (key === 'outlook.body-content-type' && value.toLowerCase() === 'text') preferences.textBody = true;
		if (key === 'outlook.timezone' && value !== '') preferences.timeZone = value;
		if (key === 'outlook.allow-unsafe-html') preferences.unsafeHtml = true;
	}
	return preferences;
}

/** Unknown: a 404 that the server logs as a miss. */
export function miss(): GraphAnswer {
	return { status: 404, route: 'miss', json: { error: { code: 'ResourceNotFound', message: 'Resource not found for the segment.' } } };
}

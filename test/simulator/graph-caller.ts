import type { RunningSimulator } from './start';

/** As much of an answer as tests look at. */
export interface Entity {
	id: string;
	subject?: string;
	isRead?: boolean;
	displayName?: string;
	'@removed'?: { reason: string };
	[property: string]: unknown;
}

export interface AnswerJson {
	value: Entity[];
	responses: { id: string; status: number; headers: Record<string, string>; body: unknown }[];
	error: { code: string; message: string };
	'@odata.nextLink'?: string;
	'@odata.deltaLink'?: string;
	[property: string]: unknown;
}

export interface Answer {
	status: number;
	headers: Headers;
	text: string;
	bytes: Buffer;
	/** The whole answer, when it is an entity rather than a collection. */
	entity: Entity;
	json: AnswerJson;
}

export interface CallOptions {
	body?: unknown;
	headers?: Record<string, string>;
	/** Without `Prefer: IdType="ImmutableId"`. */
	mutable?: boolean;
	maxPageSize?: number;
	token?: string;
}

/** A client that does nothing by itself: one call, one answer, nothing retried. */
export class GraphCaller {
	constructor(private readonly simulator: RunningSimulator) {}

	async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
		const prefer = [options.mutable ? undefined : 'IdType="ImmutableId"', options.maxPageSize === undefined ? undefined : `odata.maxpagesize=${options.maxPageSize}`].filter((one) => one !== undefined);
		const headers: Record<string, string> = { authorization: `Bearer ${options.token ?? this.simulator.token}`, ...(prefer.length ? { prefer: prefer.join(', ') } : {}), ...options.headers };
		const init: RequestInit = { method, headers };
		if (options.body !== undefined) {
			init.body = typeof options.body === 'string' ? options.body : JSON.stringify(options.body);
			headers['content-type'] ??= 'application/json';
		}
		const response = await fetch(path.startsWith('http') ? path : `${this.simulator.graphUrl}/v1.0${path}`, init);
		const bytes = Buffer.from(await response.arrayBuffer());
		const text = bytes.toString('utf8');
		const parsed: unknown = (response.headers.get('content-type') ?? '').startsWith('application/json') ? JSON.parse(text) : {};
		return { status: response.status, headers: response.headers, text, bytes, entity: parsed as Entity, json: parsed as AnswerJson };
	}

	get(path: string, options?: CallOptions): Promise<Answer> {
		return this.call('GET', path, options);
	}

	post(path: string, body: unknown, options: CallOptions = {}): Promise<Answer> {
		return this.call('POST', path, { ...options, body });
	}

	/** Follows a delta (or list) to its end: all entries and the last page. */
	async round(path: string, options?: CallOptions): Promise<{ entries: Entity[]; pages: number; deltaLink: string; last: Answer }> {
		const entries: Entity[] = [];
		let last = await this.get(path, options);
		let pages = 1;
		for (;;) {
			if (last.status !== 200) break;
			entries.push(...last.json.value);
			const next = last.json['@odata.nextLink'];
			if (next === undefined) break;
			last = await this.get(next, options);
			pages++;
		}
		return { entries, pages, deltaLink: last.json['@odata.deltaLink'] ?? '', last };
	}
}

/** A plain message. */
export function plainMime(subject: string, body = 'Hello'): string {
	return `From: Bruno Costa <bruno@fabrikam.example>\r\nTo: Anna Berg <anna@contoso.example>\r\nSubject: ${subject}\r\nMessage-ID: <${subject.replace(/\W/g, '')}@example.com>\r\nDate: Mon, 02 Mar 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${body}\r\n`;
}

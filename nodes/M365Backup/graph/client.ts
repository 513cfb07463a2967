import type { Ambient } from '../base/ambient';
import { Failure, toFailure } from '../base/failure';
import type { JsonObject } from '../base/json';
import { batch, type BatchAnswer, type BatchOptions, type BatchParts, type BatchRequest } from './batch';
import type { CallInput, GraphMethod } from './call';
import { delta, deltaBatch, type DeltaAnswer, type DeltaCursor, type DeltaOptions, type DeltaPage } from './delta';
import { processGovernor, type Governor } from './governor';
import { download, type DownloadOptions } from './download';
import { GraphAddress } from './graph-address';
import { preauthorisedPost } from './preauthorised-post';
import { readJson, readStream, type StreamAnswer } from './readers';
import { isRepeatable } from './retry-rule';
import { Sender } from './sender';
import type { GraphStats } from './stats';
import type { TokenSource } from './tokens';
import { cancelUpload, uploadChunk, uploadStatus, type UploadAnswer, type UploadChunk, type UploadOptions } from './upload';
import { defaultUserAgent } from './version';

export type { BatchAnswer, BatchOptions, BatchRequest } from './batch';
export { batchResult } from './batch';
export type { DeltaAnswer, DeltaCursor, DeltaOptions, DeltaPage } from './delta';
export type { DownloadOptions } from './download';
export type { StreamAnswer } from './readers';
export type { GraphStats } from './stats';
export type { UploadAnswer, UploadChunk, UploadOptions } from './upload';

export interface GraphRequest {
	/** GET when absent. */
	method?: GraphMethod;
	/** Relative to /v1.0 (`/users/{id}/messages?…`), or a link of Graph, used verbatim. Links to other hosts are refused. */
	path: string;
	/** An object goes as JSON; text and bytes go as they are, with the caller's Content-Type. */
	body?: JsonObject | Buffer | string;
	headers?: Record<string, string>;
	signal?: AbortSignal;
	/** Tries after the first; 6 for passing faults and 20 for refusals by Microsoft's limits when absent. */
	retries?: number;
	/** A POST that may be sent twice although its answer was lost. Other methods always may. */
	repeatable?: boolean;
	/** GUID of the mailbox whose quotas it uses, where the path does not tell. */
	mailbox?: string;
	/** What SharePoint charges, where the path does not tell (sharepoint-quota.ts). */
	resourceUnits?: number;
	/** For `stream`: it is begun before its turn, see DownloadOptions. */
	isAhead?: boolean;
}

/** Microsoft Graph v1.0 for one credential. Every method throws (or yields) Failures. */
export interface GraphClient {
	readonly stats: GraphStats;
	/** `https://graph.microsoft.com/v1.0` */
	readonly baseUrl: string;
	/** Host clock minus Graph's clock in ms, from the latest answer; undefined before the first. */
	clockSkewMs(): number | undefined;
	/** The answer's JSON; undefined where there is none (204). */
	json<T>(request: GraphRequest): Promise<T>;
	/** The answer's bytes. Follows redirects to download servers, without the token. Read the body to its end or abandon it. */
	stream(request: GraphRequest): Promise<StreamAnswer>;
	/** Many requests to one mailbox, or to drives and sites. See batch.ts. */
	batch(requests: readonly BatchRequest[], options?: BatchOptions): AsyncIterable<BatchAnswer>;
	/** One page of an enumeration. See delta.ts. */
	delta<T>(cursor: DeltaCursor, options?: DeltaOptions): Promise<DeltaPage<T>>;
	/** One page of each of many enumerations of one mailbox, or of drives and lists. */
	deltaBatch<T>(cursors: readonly { id: string; cursor: DeltaCursor }[], options?: DeltaOptions): AsyncIterable<DeltaAnswer<T>>;
	/** All pages of a listing. Entries may come twice: de-duplication is the caller's. */
	pages<T>(request: GraphRequest): AsyncIterable<T[]>;
	/** One piece of an upload session, to a pre-authorised URL, never with a token. */
	upload(url: string, chunk: UploadChunk, options?: UploadOptions): Promise<UploadAnswer>;
	/** How far an upload session got; without `nextOffset` nothing is missing. See upload.ts. */
	uploadStatus(url: string, options?: UploadOptions): Promise<{ nextOffset?: number }>;
	/** Ends an upload session; one that is gone already is fine. */
	cancelUpload(url: string, options?: UploadOptions): Promise<void>;
	/** The bytes behind a download URL, or a part of them, never with a token. See download.ts. */
	download(url: string, options?: DownloadOptions): Promise<StreamAnswer>;
	/** JSON to a URL that carries its own key, never with a token, sent once. See preauthorised-post.ts. */
	postPreauthorised(url: string, body: Buffer, options?: UploadOptions): Promise<unknown>;
}

export interface GraphClientOptions {
	/** Without /v1.0. */
	graphUrl: string;
	tokens: TokenSource;
	ambient: Ambient;
	fetch?: typeof globalThis.fetch;
	governor?: Governor;
	/** Whose quotas are used; the Graph host when absent. */
	tenantId?: string;
	userAgent?: string;
	/** Ends every call of this client. */
	signal?: AbortSignal;
	/** Restores go first where both wait for the same quota. */
	priority?: 'backup' | 'restore';
}

export function createGraphClient(options: GraphClientOptions): GraphClient {
	return new ChainedGraphClient(options);
}

class ChainedGraphClient implements GraphClient {
	readonly stats: GraphStats = { requests: 0, resourceUnits: 0, calls: 0, throttledMs: 0, retries: 0 };
	private readonly address: GraphAddress;
	private readonly sender: Sender;
	private readonly parts: BatchParts;

	constructor(options: GraphClientOptions) {
		const { ambient } = options;
		this.address = new GraphAddress(options.graphUrl);
		this.sender = new Sender({
			address: this.address,
			tokens: options.tokens,
			ambient,
			fetch: options.fetch ?? globalThis.fetch,
			governor: options.governor ?? processGovernor,
			tenant: options.tenantId ?? this.address.origin,
			priority: options.priority ?? 'backup',
			userAgent: options.userAgent ?? defaultUserAgent,
			signal: options.signal,
			stats: this.stats,
		});
		this.parts = { sender: this.sender, address: this.address, ambient, stats: this.stats, signal: options.signal };
	}

	get baseUrl(): string {
		return this.address.baseUrl;
	}

	clockSkewMs(): number | undefined {
		return this.sender.clockSkewMs;
	}

	async json<T>(request: GraphRequest): Promise<T> {
		return (await this.sender.send({ ...this.callOf(request), read: readJson })) as T;
	}

	async stream(request: GraphRequest): Promise<StreamAnswer> {
		return (await this.sender.send({ ...this.callOf(request), isTransfer: true, isAhead: request.isAhead, read: readStream })) as StreamAnswer;
	}

	async *batch(requests: readonly BatchRequest[], options: BatchOptions = {}): AsyncGenerator<BatchAnswer, void, undefined> {
		for await (const answer of batch(this.parts, requests, options)) {
			const isLeft = 'failure' in answer && answer.failure.code === 'batchAnswerTooLarge' && options.reportsTooLarge !== true;
			const request = isLeft ? requests.find(({ id, method, path }) => id === answer.id && method === 'GET' && !/\/\$value$/.test(path)) : undefined;
			yield request ? await this.askAlone(request, options.signal) : answer;
		}
	}

	/** What did not arrive whole in any batch: the same question by itself. */
	private async askAlone({ id, path, headers }: BatchRequest, signal: AbortSignal | undefined): Promise<BatchAnswer> {
		try {
			const body = await this.json({ path, ...(headers ? { headers } : {}), ...(signal ? { signal } : {}) });
			return { id, status: 200, headers: {}, body };
		} catch (error) {
			const failure = toFailure(error);
			if (failure.kind === 'cancelled') throw failure;
			return { id, failure };
		}
	}

	delta<T>(cursor: DeltaCursor, options: DeltaOptions = {}): Promise<DeltaPage<T>> {
		return delta<T>(this.parts, cursor, options);
	}

	deltaBatch<T>(cursors: readonly { id: string; cursor: DeltaCursor }[], options: DeltaOptions = {}): AsyncIterable<DeltaAnswer<T>> {
		return deltaBatch<T>(this.parts, cursors, options);
	}

	async *pages<T>(request: GraphRequest): AsyncGenerator<T[], void, undefined> {
		let path: string | undefined = request.path;
		while (path !== undefined) {
			const page: unknown = await this.json({ ...request, path });
			if (typeof page !== 'object' || page === null || !('value' in page) || !Array.isArray(page.value)) {
				throw new Failure('transient', 'A page of Microsoft Graph has no list of items', { code: 'noItems' });
			}
			yield page.value as T[];
			const next: string | undefined = this.address.checkedLink('@odata.nextLink' in page ? page['@odata.nextLink'] : undefined);
			if (next !== undefined && next === path) throw new Failure('transient', 'A page of Microsoft Graph names itself as the next one', { code: 'noLink' });
			path = next;
		}
	}

	upload(url: string, chunk: UploadChunk, options: UploadOptions = {}): Promise<UploadAnswer> {
		return uploadChunk(this.sender, url, chunk, options);
	}

	uploadStatus(url: string, options: UploadOptions = {}): Promise<{ nextOffset?: number }> {
		return uploadStatus(this.sender, url, options);
	}

	cancelUpload(url: string, options: UploadOptions = {}): Promise<void> {
		return cancelUpload(this.sender, url, options);
	}

	download(url: string, options: DownloadOptions = {}): Promise<StreamAnswer> {
		return download(this.sender, url, options, this.address.origin.startsWith('http:'));
	}

	postPreauthorised(url: string, body: Buffer, options: UploadOptions = {}): Promise<unknown> {
		return preauthorisedPost(this.sender, url, body, options);
	}

	private callOf(request: GraphRequest): Omit<CallInput, 'read'> {
		const method = request.method ?? 'GET';
		const path = this.address.relative(request.path);
		const { body } = request;
		const isJson = body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body);
		return {
			method,
			url: this.address.absolute(request.path),
			path,
			headers: { ...(isJson ? { 'Content-Type': 'application/json' } : {}), ...request.headers },
			body: isJson ? JSON.stringify(body) : body,
			signal: request.signal,
			retries: request.retries,
			mailbox: request.mailbox,
			resourceUnits: request.resourceUnits,
			repeatable: request.repeatable ?? isRepeatable(method, path),
		};
	}
}

import type { Lease } from './governor';
import { isSharePoint, mailboxOf } from './graph-path';
import { isSharing, resourceUnits } from './sharepoint-quota';
import type { GraphStats } from './stats';

export type GraphMethod = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

export interface CallInput {
	method: GraphMethod;
	/** Absolute, used verbatim. */
	url: string;
	/** Relative to /v1.0: for quotas and messages. */
	path: string;
	headers?: Readonly<Record<string, string>>;
	body?: string | Buffer | undefined;
	signal?: AbortSignal | undefined;
	/** Tries after the first one; a default of the retry middleware when absent. */
	retries?: number | undefined;
	/** Whether doing it twice does no harm. */
	repeatable: boolean;
	/** How many requests Microsoft counts for it, and whether it uses all slots of its mailbox. */
	requests?: number;
	allSlots?: boolean;
	/** The mailbox, where the path does not tell. */
	mailbox?: string | undefined;
	/** Paid for in resource units of the tenant's SharePoint although the path does not tell: addresses that are not Graph's. */
	isSharePoint?: boolean;
	/** Resource units, where the path does not tell. */
	resourceUnits?: number | undefined;
	/** How many of its requests share something, where the path does not tell. */
	sharings?: number;
	/** Its body or its answer is content, which may take long. */
	isTransfer?: boolean;
	/** Its answer is likely to be long: some megabytes. */
	isLong?: boolean | undefined;
	/** It is begun before its turn: after its first bytes it rests until it is read on. */
	isAhead?: boolean | undefined;
	/** Reads the answer's body, inside the retry loop, so that a broken body is tried again. */
	read: (response: Response, call: Call) => Promise<unknown>;
	/** Sees every answer of 400 and above before it becomes a Failure: for headers that no Failure carries. */
	onRefusal?: (response: Response) => void;
}

/** One call through the chain: what the links need to know of it, and what they find out. */
export class Call {
	readonly method: GraphMethod;
	readonly url: string;
	readonly path: string;
	readonly body: string | Buffer | undefined;
	readonly signal: AbortSignal | undefined;
	readonly retries: number | undefined;
	readonly repeatable: boolean;
	readonly requests: number;
	readonly allSlots: boolean;
	readonly mailbox: string | undefined;
	/** What SharePoint charges for each try; undefined where others pay. */
	readonly resourceUnits: number | undefined;
	/** How many of its requests share something: SharePoint counts these by themselves as well. */
	readonly sharings: number;
	readonly isTransfer: boolean;
	readonly isLong: boolean;
	readonly isAhead: boolean;
	readonly read: CallInput['read'];
	readonly onRefusal: CallInput['onRefusal'];
	readonly headers: Record<string, string>;
	lease: Lease | undefined;
	private leaseHandedOver = false;
	result: unknown;
	/** What ended the call. Kept here since the Graph client turns thrown errors into its own class. */
	failure: unknown;

	constructor(input: CallInput) {
		this.method = input.method;
		this.url = input.url;
		this.path = input.path;
		this.body = input.body;
		this.signal = input.signal;
		this.retries = input.retries;
		this.repeatable = input.repeatable;
		this.requests = input.requests ?? 1;
		this.allSlots = input.allSlots ?? false;
		this.mailbox = input.mailbox;
		this.resourceUnits = unitsOf(input);
		this.sharings = input.sharings ?? (this.resourceUnits !== undefined && isSharing(input.method, input.path) ? 1 : 0);
		this.isTransfer = input.isTransfer ?? false;
		this.isLong = input.isLong ?? false;
		this.isAhead = input.isAhead ?? false;
		this.read = input.read;
		this.onRefusal = input.onRefusal;
		this.headers = { ...input.headers };
	}

	/** For a reader that hands the body on unread: from now on it is the one to release the lease. */
	takeLease(): Lease | undefined {
		this.leaseHandedOver = true;
		return this.lease;
	}

	/** Another try under another lease. */
	beginUnder(lease: Lease): void {
		this.lease = lease;
		this.leaseHandedOver = false;
	}

	/** To be done when the answer has been read, broken off or abandoned: with the lease, which ends just then. */
	whenRead(then: () => void): void {
		const { lease } = this;
		if (!lease) return;
		this.lease = {
			...lease,
			release: () => {
				then();
				lease.release();
			},
		};
	}

	/** One more request for the same thing, under the same leave: with a new token, or where a redirect leads. */
	countAgain(stats: GraphStats): void {
		this.lease?.countMore(this.resourceUnits ?? this.requests);
		stats.requests += this.requests;
		stats.resourceUnits += this.resourceUnits ?? 0;
	}

	/** The answer has been read, unless a reader took the lease over. */
	endLease(): void {
		if (!this.leaseHandedOver) this.lease?.release();
	}

	/** What opens something in what is sent: the token, or an address that stands for one. */
	get secrets(): string[] {
		const token = this.headers['Authorization']?.replace(/^Bearer /, '');
		return token === undefined ? [this.url, ...new URL(this.url).searchParams.values()] : [token];
	}

	get uploadBytes(): number {
		if (this.body === undefined || this.method === 'GET' || this.method === 'DELETE') return 0;
		return typeof this.body === 'string' ? Buffer.byteLength(this.body) : this.body.length;
	}
}

function unitsOf({ method, path, mailbox, isSharePoint: isPaidThere, resourceUnits: units }: CallInput): number | undefined {
	const ofMailbox = mailbox ?? mailboxOf(path);
	if (ofMailbox !== undefined || (isPaidThere !== true && !isSharePoint(path))) return undefined;
	return units ?? resourceUnits(method, path);
}

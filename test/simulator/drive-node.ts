import type { DriveContent } from './drive-content';

/** Who did something, as `createdBy` says it. */
export interface Identity {
	user?: { id: string; displayName: string; email?: string };
	application?: { id: string; displayName: string };
}

export interface DriveVersion {
	number: number;
	content: DriveContent;
	modifiedMs: number;
	modifiedBy: Identity;
}

export interface DrivePermission {
	id: string;
	roles: string[];
	/** Of a grant: one user. */
	grantee: { id: string; displayName: string; email: string } | null;
	link: { type: string; scope: string; webUrl: string; hasPassword: boolean } | null;
	/** Of a link for specific people. */
	people: { id: string; displayName: string; email: string }[];
	expirationDateTime: string | null;
}

/** A file, folder or notebook of a drive. Small on purpose: a folder may hold 250,000 of them. */
export class DriveNode {
	/** By name in lower case: names ignore case. Folders only. */
	readonly children: Map<string, DriveNode> | null;
	/** Own bytes, or those of everything below. */
	sizeBytes = 0;
	/** Counts every change; the number in `eTag`. */
	etag = 1;
	/** Counts changes of content; the number in `cTag`. */
	ctag = 1;
	createdMs: number;
	/** When the service last saw a change; `fsModifiedMs` is what the owner says. */
	modifiedMs: number;
	fsCreatedMs: number;
	fsModifiedMs: number;
	state: 'living' | 'deleted' | 'gone' = 'living';
	/** Older versions, oldest first; null: none. */
	versions: DriveVersion[] | null = null;
	versionNumber = 1;
	permissions: DrivePermission[] | null = null;
	/** Grants of what lies above do not reach here. */
	isDetached = false;
	description: string | undefined;
	packageType: string | undefined;
	malware: string | undefined;
	checkedOutBy: Identity | undefined;
	/** Opened by somebody: 423 for writes. */
	isLocked = false;
	/** 403 for it and what lies below. */
	isForbidden = false;
	/** Content answers so: 503 for large notebooks. */
	contentStatus: number | undefined;
	hashless = false;
	/** What a download gives instead, where size and hash are told wrongly: labelled and protected files. */
	servedAs: DriveContent | undefined;
	/** Positions in the drive's log of the last entry, and of the last one of each sort. */
	lastLogged = -1;
	lastChanged = -1;
	lastShared = -1;
	/** The children in the order of a listing, until something changes. */
	sorted: DriveNode[] | null = null;

	constructor(
		readonly sequence: number,
		public name: string,
		public parent: DriveNode | null,
		public content: DriveContent | null,
		nowMs: number,
		public createdBy: Identity,
		public modifiedBy: Identity,
	) {
		this.children = content ? null : new Map();
		this.sizeBytes = content?.sizeBytes ?? 0;
		this.createdMs = this.modifiedMs = this.fsCreatedMs = this.fsModifiedMs = nowMs;
	}

	get isFolder(): boolean {
		return this.children !== null;
	}

	child(name: string): DriveNode | undefined {
		return this.children?.get(name.toLowerCase());
	}

	/** In the order of their names. */
	sortedChildren(): readonly DriveNode[] {
		return (this.sorted ??= [...(this.children?.values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)));
	}

	/** `Docs/a.txt`; empty for the root. */
	get path(): string {
		const names: string[] = [];
		if (this.parent) names.push(this.name);
		for (let above = this.parent; above?.parent; above = above.parent) names.push(above.name);
		return names.reverse().join('/');
	}

	isWithin(folder: DriveNode): boolean {
		let above: DriveNode | null = this.parent;
		if (folder === this) return true;
		while (above && above !== folder) above = above.parent;
		return above === folder;
	}

	/** Itself and everything below, folders first. */
	*subtree(): Generator<DriveNode> {
		yield this;
		for (const child of this.children?.values() ?? []) yield* child.subtree();
	}
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function base32(bytes: Buffer): string {
	let text = '';
	let bits = 0;
	let value = 0;
	for (const byte of bytes) {
		value = (value << 8) | byte;
		bits += 8;
		while (bits >= 5) {
			text += BASE32[(value >>> (bits - 5)) & 31]!;
			bits -= 5;
		}
	}
	return bits > 0 ? text + BASE32[(value << (5 - bits)) & 31]! : text;
}

/** Item ids as SharePoint writes them, `01` and 32 characters, computed from numbers. */
export class DriveIds {
	private readonly prefix: Buffer;
	private readonly start: string;

	constructor(driveGuid: string) {
		const bytes = Buffer.from(driveGuid.replace(/-/g, ''), 'hex');
		this.prefix = bytes.subarray(0, 11);
		this.start = `01${base32(bytes).slice(0, 6)}`;
	}

	private bytes(sequence: number): Buffer {
		const bytes = Buffer.alloc(16);
		bytes.writeUInt32BE((sequence ^ 0x5bd1e995) >>> 0, 0);
		this.prefix.copy(bytes, 4);
		bytes[15] = sequence & 0xff;
		return bytes;
	}

	item(sequence: number): string {
		return this.start + base32(this.bytes(sequence));
	}

	/** Upper case, without braces. */
	guid(sequence: number): string {
		const hex = this.bytes(sequence).toString('hex').toUpperCase();
		return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
	}

	/** undefined: no id of this drive. */
	sequence(id: string): number | undefined {
		if (id.length !== 34 || !id.startsWith(this.start)) return undefined;
		let value = 0n;
		for (const char of id.slice(8)) {
			const digit = BASE32.indexOf(char);
			if (digit < 0) return undefined;
			value = (value << 5n) | BigInt(digit);
		}
		const sequence = (Number((value >> 98n) & 0xffff_ffffn) ^ 0x5bd1e995) >>> 0;
		return this.item(sequence) === id ? sequence : undefined;
	}
}

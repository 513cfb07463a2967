/**
 * Ids that look and behave like Exchange's: long, URL-safe base64, case-sensitive. They are computed from numbers, so
 * that 100,000 messages need no table of strings. A mutable id holds the move generation and dies with the next move.
 */
export type ParsedId = { kind: 'message'; sequence: number; generation: number | null } | { kind: 'folder'; sequence: number };

const SUFFIX = 'AAA=';

function pack(sequence: number, generation: number): string {
	const bytes = Buffer.alloc(9);
	bytes.writeUIntBE(sequence, 0, 5);
	bytes.writeUInt32BE(generation, 5);
	return bytes.toString('base64url');
}

export class MailboxIds {
	private readonly immutablePrefix: string;
	private readonly mutablePrefix: string;
	private readonly folderPrefix: string;

	constructor(mailboxGuid: string) {
		const body = Buffer.from(mailboxGuid, 'latin1').toString('base64url');
		this.immutablePrefix = `AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A${body}`;
		this.mutablePrefix = `AAMkA${body}BGAAAAAAD-_`;
		this.folderPrefix = `AQMkA${body}AuAAAD-_`;
	}

	immutableMessage(sequence: number): string {
		return this.immutablePrefix + pack(sequence, 0) + SUFFIX;
	}

	mutableMessage(sequence: number, generation: number): string {
		return this.mutablePrefix + pack(sequence, generation) + SUFFIX;
	}

	folder(sequence: number): string {
		return this.folderPrefix + pack(sequence, 0) + SUFFIX;
	}

	/** undefined: no id of this mailbox. */
	parse(id: string): ParsedId | undefined {
		if (!id.endsWith(SUFFIX)) return undefined;
		for (const [prefix, kind] of [
			[this.immutablePrefix, 'immutable'],
			[this.mutablePrefix, 'mutable'],
			[this.folderPrefix, 'folder'],
		] as const) {
			if (!id.startsWith(prefix) || id.length !== prefix.length + 12 + SUFFIX.length) continue;
			const packed = id.slice(prefix.length, prefix.length + 12);
			const bytes = Buffer.from(packed, 'base64url');
			if (bytes.length !== 9 || bytes.toString('base64url') !== packed) return undefined;
			const sequence = bytes.readUIntBE(0, 5);
			const generation = bytes.readUInt32BE(5);
			if (kind === 'folder') return generation === 0 ? { kind, sequence } : undefined;
			if (kind === 'immutable') return generation === 0 ? { kind: 'message', sequence, generation: null } : undefined;
			return { kind: 'message', sequence, generation };
		}
		return undefined;
	}
}

/** Attachment ids hang on their message's id, so they change with it. */
export function attachmentId(messageId: string, attachmentNumber: number): string {
	const bytes = Buffer.alloc(6);
	bytes.writeUIntBE(attachmentNumber, 0, 6);
	return `${messageId.slice(0, -SUFFIX.length)}BEgAQ${bytes.toString('base64url')}=`;
}

/** Whether this could be an Exchange id at all; if not, Graph answers 400 rather than 404. */
export function looksLikeExchangeId(id: string): boolean {
	return id.length > 40 && /^A[AQ][A-Za-z0-9_-]+=*$/.test(id);
}

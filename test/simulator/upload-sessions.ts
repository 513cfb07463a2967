import { randomBytes } from 'node:crypto';
import type { VirtualClock } from './clock';
import { GraphError } from './graph-error';
import type { Mailbox } from './mailbox';
import type { AttachmentRecord } from './message-content';

const LARGEST_CHUNK_BYTES = 4 * 1024 * 1024;
const LIFETIME_MS = 24 * 3_600_000;

/** What gets the file. */
export interface UploadTarget {
	isDraft: boolean;
	/** The id that the attachment's id hangs on, at the moment. */
	id(): string;
	/** `Messages`, `Events`. */
	collection: string;
	isGone(): boolean;
	/** Takes the complete attachment and says its number. */
	accept(attachment: AttachmentRecord): Promise<number>;
}

export interface UploadSession {
	id: string;
	authToken: string;
	mailbox: Mailbox;
	target: UploadTarget;
	name: string;
	contentType: string | null;
	isInline: boolean;
	contentId: string | null;
	sizeBytes: number;
	expiresMs: number;
	chunks: Buffer[];
	received: number;
}

/** Open upload sessions. Their URLs are on another origin than Graph's and carry their own token. */
export class UploadSessions {
	private readonly open = new Map<string, UploadSession>();

	constructor(private readonly clock: VirtualClock) {}

	get openCount(): number {
		return this.open.size;
	}

	create(target: Omit<UploadSession, 'id' | 'authToken' | 'expiresMs' | 'chunks' | 'received'>): UploadSession {
		const session: UploadSession = {
			...target,
			id: randomBytes(12).toString('hex'),
			authToken: randomBytes(24).toString('base64url'),
			expiresMs: this.clock.nowMs() + LIFETIME_MS,
			chunks: [],
			received: 0,
		};
		this.open.set(session.id, session);
		return session;
	}

	/** @throws GraphError 404 for unknown and expired ones, 401 without the right token */
	find(id: string, authToken: string): UploadSession {
		const session = this.open.get(id);
		if (!session || session.expiresMs <= this.clock.nowMs()) throw new GraphError(404, 'ErrorItemNotFound', 'The upload session was not found.');
		if (session.authToken !== authToken) throw new GraphError(401, 'Unauthorized', 'The upload token is not valid.');
		return session;
	}

	/**
	 * Takes the next chunk. Chunks come in order, at most 4 MB each.
	 *
	 * @returns whether the attachment is complete
	 * @throws GraphError 400 or 416
	 */
	receive(session: UploadSession, contentRange: string | undefined, chunk: Buffer): boolean {
		const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '');
		if (!range) throw new GraphError(400, 'ErrorInvalidContentRange', 'The Content-Range header is missing or malformed.');
		const [first, last, total] = range.slice(1).map(Number) as [number, number, number];
		if (total !== session.sizeBytes || last - first + 1 !== chunk.length) throw new GraphError(400, 'ErrorInvalidContentRange', 'The Content-Range header does not fit the session or the body.');
		if (chunk.length > LARGEST_CHUNK_BYTES) throw new GraphError(413, 'RequestEntityTooLarge', 'A chunk may have at most 4 MB.');
		if (first !== session.received) throw new GraphError(416, 'ErrorInvalidContentRange', 'The chunk is not the one expected next.');
		session.chunks.push(chunk);
		session.received += chunk.length;
		return session.received === session.sizeBytes;
	}

	close(session: UploadSession): void {
		this.open.delete(session.id);
	}
}

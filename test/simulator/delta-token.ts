import { GraphError } from './graph-error';

/** What a delta link or next link stands for. Clients must treat it as opaque. */
export interface DeltaToken {
	kind: 'messages' | 'folders' | 'contacts' | 'contactFolders';
	mailbox: string;
	/** Folder sequence; 0 for the folder hierarchy. */
	folder: number;
	epoch: number;
	issuedMs: number;
	/** The query that the round began with: tokens encode it. */
	query: string;
	/** Position in the change log where the round began. */
	roundStart: number;
	/** Position in the change log; meaningless while enumerating. */
	position: number;
	/** Position in the folder's arrivals while the first enumeration lasts. */
	arrival: number | null;
	/** What is left of `$top`, where that caps the total. */
	left: number | null;
	/** Entries given out in this round. */
	given: number;
	/** The extra empty page of this round is over. */
	emptied: boolean;
}

export function writeToken(token: DeltaToken): string {
	return Buffer.from(JSON.stringify(token)).toString('base64url');
}

/** @throws GraphError 400 for a token that is none */
export function readToken(text: string): DeltaToken {
	try {
		const token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as DeltaToken;
		if (['messages', 'folders', 'contacts', 'contactFolders'].includes(token.kind)) return token;
	} catch {
		// Falls through to the answer that Graph gives to a broken token.
	}
	throw new GraphError(400, 'ErrorInvalidSyncStateData', 'The sync state data is not valid.');
}

/** 410, as Outlook words it (gd#2350). `Location` is the URL to start over with. */
export function syncStateNotFound(generation: number, restartUrl: string): GraphError {
	return new GraphError(410, 'SyncStateNotFound', `The sync state generation is not found; generation=${generation};[highest=${generation + 8}][lowest=${generation + 1}]`, { Location: restartUrl });
}

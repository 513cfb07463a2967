import { Failure } from '../base/failure';
import { hasEncryptedName, parseRepositoryKey, plainName, type ParsedKey } from '../repository/names';
import { ENCRYPTED_SUFFIX, type ByteRange, type Store, type StoreFile } from '../stores/store';

/** A file that somebody brings, under the name that it has there. */
export interface FileToImport {
	/** Path or flat name. */
	fileName: string;
	/** Its bytes, from the beginning each time: records are read before the files that they name. */
	open(): AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;
}

/** A file to import whose name is one of ours. */
export interface NamedImport {
	/** Its place in the list that was given. */
	position: number;
	file: FileToImport;
	/** The plain one, also of an encrypted file. */
	key: string;
	parsed: ParsedKey;
	isEncrypted: boolean;
}

/**
 * The files to import seen as a store, under the names that they are stored under, so that everything which reads a
 * repository can read them. Read-only. A range
 * is got by skipping what precedes it.
 */
export class ImportOverlay implements Store {
	readonly capabilities = { ifAbsent: false, retainUntil: false, overwriteIsCostly: false };
	readonly label = 'the files to import';
	private readonly byKey = new Map<string, NamedImport>();

	constructor(readonly imports: readonly NamedImport[]) {
		for (const named of imports) {
			const key = named.isEncrypted ? named.key + ENCRYPTED_SUFFIX : named.key;
			if (!this.byKey.has(key)) this.byKey.set(key, named);
		}
	}

	get(key: string, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array> | null> {
		const named = this.byKey.get(key);
		return Promise.resolve(named === undefined ? null : readAt(named.file, range ?? { offset: 0, length: Infinity }, signal));
	}

	// eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous, this list is at hand
	async *list(prefix: string): AsyncGenerator<StoreFile, void, undefined> {
		for (const key of this.byKey.keys()) if (key.startsWith(prefix)) yield { key, sizeBytes: 0, modifiedAt: new Date(0) };
	}

	put(key: string): Promise<void> {
		return Promise.reject(new Failure('defect', `${key} cannot be written into the files to import`));
	}

	delete(): Promise<void> {
		return Promise.reject(new Failure('defect', 'Files to import cannot be deleted'));
	}
}

/** All bytes of a file to import, stopped by the signal between chunks. */
export async function* readImport(file: FileToImport, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
	yield* readAt(file, { offset: 0, length: Infinity }, signal);
}

async function* readAt(file: FileToImport, { offset, length }: ByteRange, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
	let toSkip = offset;
	let left = length;
	for await (const chunk of await file.open()) {
		if (signal?.aborted === true) throw new Failure('cancelled', 'The run was stopped', { cause: signal.reason });
		const part = chunk.subarray(Math.min(toSkip, chunk.length));
		toSkip -= chunk.length - part.length;
		if (part.length === 0) continue;
		yield part.length > left ? part.subarray(0, left) : part;
		left -= part.length;
		if (left <= 0) return;
	}
}

/** Sorts out what is none of ours. Refusals say why. */
export function classifyImports(files: readonly FileToImport[]): { imports: NamedImport[]; refused: Map<number, string> } {
	const imports: NamedImport[] = [];
	const refused = new Map<number, string>();
	for (const [position, file] of files.entries()) {
		const isEncrypted = hasEncryptedName(file.fileName);
		const parsed = parseRepositoryKey(plainName(file.fileName));
		// These are never encrypted.
		if (isEncrypted && (parsed.kind === 'repository' || parsed.kind === 'readme')) parsed.kind = 'unknown';
		const reason = parsed.key === undefined ? `${JSON.stringify(file.fileName.slice(0, 200))} is not the name of a repository file` : uselessKinds[parsed.kind];
		if (parsed.key === undefined || reason !== undefined) refused.set(position, reason ?? '');
		else imports.push({ position, file, key: parsed.key, parsed, isEncrypted });
	}
	return { imports, refused };
}

const uselessKinds: Partial<Record<ParsedKey['kind'], string>> = {
	unknown: 'it is not the name of a repository file',
	currentCursor: 'cursor.json is made anew from the other files',
	lease: 'a lease belongs to a run, not to a backup',
	copies: 'the list of what a copy holds belongs to the repository that made the copy',
};

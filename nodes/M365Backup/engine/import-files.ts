import type { Ambient } from '../base/ambient';
import { isFailure } from '../base/failure';
import { once, readFile, sha256 } from '../repository/bytes';
import { MAX_CURSOR_BYTES, MAX_RECORD_BYTES } from '../repository/limits';
import { isStored } from '../repository/put-confirmed';
import { REPOSITORY_README } from '../repository/readme-text';
import { Repository } from '../repository/repository';
import { openSealed } from '../repository/sealed-json';
import { listSource } from '../repository/snapshot-files';
import { readSeen } from '../repository/seen-files';
import type { RepositoryEncryption } from '../repository/encryption';
import { unlockRepository } from '../repository/unlock';
import { storedBytes, storedName, type Store } from '../stores/store';
import { findIdentity, type Identity } from './import-identity';
import { classifyImports, ImportOverlay, readImport, type FileToImport, type NamedImport } from './import-overlay';
import { ImportRecords, type ImportSides } from './import-records';
import { measure, proven } from './proven-content';
import { prunesGoingOn } from './prunes-going-on';

export type { FileToImport } from './import-overlay';

export interface ImportOptions {
	/** `checkOnly` proves the bytes that were brought and changes nothing. */
	mode: 'import' | 'checkOnly';
	/** Of an encrypted repository. */
	encryption?: RepositoryEncryption | undefined;
	signal?: AbortSignal;
}

export interface ImportResult {
	/** As it was given. */
	fileName: string;
	/** `checked` only in mode `checkOnly`. */
	outcome: 'imported' | 'alreadyThere' | 'checked' | 'refused';
	/** Why it was refused; or what else is to be known. */
	reason?: string;
}

type Outcome = Omit<ImportResult, 'fileName'>;

const replacedDamaged: Outcome = { outcome: 'imported', reason: 'it replaced a damaged file' };

/** Before a record comes in, what it names has come in. */
const order: NamedImport['parsed']['kind'][] = ['readme', 'segment', 'archive', 'seen', 'cursor', 'snapshot', 'hold', 'prune'];

/**
 * Takes repository files back, or rebuilds a whole repository from them: one answer for each file, in the order given.
 * A file comes in only if a record proves its bytes: one that the repository holds, or one that is brought along. What
 * is none of ours or damaged is refused and changes nothing; a damaged file in the repository is replaced by a sound
 * one. Doing it again does no harm. Throws `notFound` if there is no repository and none is brought, `invalid` if the
 * files are those of another repository or format version or the repository is encrypted and no key is given, `denied`
 * for the wrong key; nothing is changed then.
 */
export async function importFiles(store: Store, ambient: Ambient, files: readonly FileToImport[], options: ImportOptions): Promise<ImportResult[]> {
	const { imports, refused } = classifyImports(files);
	const outcomes = new Map<number, Outcome>();
	for (const [position, reason] of refused) outcomes.set(position, { outcome: 'refused', reason });
	if (imports.length > 0) {
		const overlay = new ImportOverlay(imports);
		const identity = await findIdentity(store, overlay, options.signal);
		const { store: plain, mac } = await unlockRepository(store, identity.record, options.encryption);
		const { store: brought } = await unlockRepository(overlay, identity.record, options.encryption);
		await new Import(store, ambient, identity, { store: plain, brought, imports, mac }, options).run(outcomes);
	}
	return files.map(({ fileName }, position) => ({ fileName, ...(outcomes.get(position) ?? { outcome: 'refused', reason: 'it was not looked at' }) }));
}

class Import {
	private readonly records = new Map<string, ImportRecords>();
	private readonly listings = new Map<string, Map<string, number>>();
	private readonly changes: boolean;
	private readonly store: Store;
	private readonly brought: Store;
	private readonly signal: AbortSignal | undefined;

	constructor(
		/** As it is stored. */
		private readonly outerStore: Store,
		private readonly ambient: Ambient,
		private readonly identity: Identity,
		private readonly sides: ImportSides,
		private readonly options: ImportOptions,
	) {
		this.changes = options.mode === 'import';
		this.store = sides.store;
		this.brought = sides.brought;
		this.signal = options.signal;
	}

	async run(outcomes: Map<number, Outcome>): Promise<void> {
		const identity = await this.takeIdentity();
		for (const named of this.sides.imports) if (named.parsed.kind === 'repository') outcomes.set(named.position, identity);
		const sorted = this.sides.imports
			.filter(({ parsed }) => order.includes(parsed.kind))
			.sort((a, b) => order.indexOf(a.parsed.kind) - order.indexOf(b.parsed.kind) || (a.key < b.key ? -1 : 1));
		for (const named of sorted) outcomes.set(named.position, await this.take(named));
		if (!this.changes) return;
		await this.lookOnceMore(sorted, outcomes);
		await this.finish();
	}

	private async takeIdentity(): Promise<Outcome> {
		const { toStore } = this.identity;
		if (!this.changes) return { outcome: 'checked' };
		if (toStore === undefined) return { outcome: 'alreadyThere' };
		await this.put('repository.json', once(toStore));
		return { outcome: 'imported' };
	}

	private async take(named: NamedImport): Promise<Outcome> {
		try {
			return await this.takeByKind(named);
		} catch (error) {
			// Damage is a matter of this one file; anything else (disk full, cancelled, the source failed) ends the import.
			if (!isFailure(error, 'corrupt')) throw error;
			return { outcome: 'refused', reason: error.message };
		}
	}

	private async takeByKind(named: NamedImport): Promise<Outcome> {
		const { parsed, key } = named;
		if (named.isEncrypted !== (storedName(this.store, key) !== key)) {
			return { outcome: 'refused', reason: named.isEncrypted ? 'it is encrypted, but this repository is not' : 'it is not encrypted, but this repository is' };
		}
		if (parsed.kind === 'readme') return await this.takeReadme(named);
		if (parsed.sourceKey === undefined) return { outcome: 'refused', reason: 'it is not the name of a repository file' };
		const records = await this.recordsOf(parsed.sourceKey);
		const name = key.slice(parsed.sourceKey.length + 1);
		switch (parsed.kind) {
			case 'segment':
			case 'archive':
			case 'cursor': {
				const expected = await records.find(name, this.signal);
				if (expected !== undefined) return await this.takeProven(named, expected);
				return { outcome: 'refused', reason: 'no snapshot in the repository or among the files to import names it: import it together with the .snapshot.json files' };
			}
			case 'seen':
				return await this.takeSeen(named, records, name);
			case 'snapshot':
				return await this.takeSnapshot(named, records);
			default:
				return await this.takeNote(named, records);
		}
	}

	/** The content proves itself while it is stored; the store keeps nothing of one that does not. */
	private async takeProven(named: NamedImport, expected: { size?: number; sha256: string }): Promise<Outcome> {
		const content = proven(readImport(named.file, this.signal), expected, named.key);
		if (!this.changes) {
			await measure(content);
			return { outcome: 'checked' };
		}
		const there = await this.sizeOf(named.key);
		const size = expected.size ?? there;
		if (size !== null && there !== null && (await isStored(this.context, named.key, { size, sha256: expected.sha256 }))) {
			return { outcome: 'alreadyThere' };
		}
		await this.put(named.key, content);
		return there === null ? { outcome: 'imported' } : replacedDamaged;
	}

	private async takeSeen(named: NamedImport, records: ImportRecords, name: string): Promise<Outcome> {
		if (!(await records.seenFiles(this.signal)).has(name)) {
			return { outcome: 'refused', reason: 'no cursor in the repository or among the files to import names it' };
		}
		// No record has its hash: its form (gzip has checksums of its own) is all the proof there is.
		for await (const { id } of readSeen(this.brought, named.parsed.sourceKey ?? '', [name], this.signal)) {
			if (id === '') return { outcome: 'refused', reason: 'it is damaged: an id is empty' };
		}
		const expected = await measure(readImport(named.file, this.signal));
		if (!(await isStored(this.context, named.key, expected)) && (await this.isSoundSeen(named, name))) {
			return { outcome: 'refused', reason: 'the repository holds another file of this name' };
		}
		return await this.takeProven(named, expected);
	}

	private async isSoundSeen({ parsed }: NamedImport, name: string): Promise<boolean> {
		try {
			for await (const { id } of readSeen(this.store, parsed.sourceKey ?? '', [name], this.signal)) if (id === '') return false;
			return true;
		} catch (error) {
			if (!isFailure(error, 'corrupt')) throw error;
			return false;
		}
	}

	private async takeSnapshot(named: NamedImport, records: ImportRecords): Promise<Outcome> {
		const refusal = records.refusals.get(named.key);
		if (refusal !== undefined) return { outcome: 'refused', reason: refusal };
		const brought = records.brought.get(named.parsed.runId ?? '');
		if (brought === undefined) return { outcome: 'refused', reason: 'it cannot be read' };
		if (!this.changes) return await this.takeProven(named, brought);
		const missing: string[] = [];
		for (const { name, size } of brought.record.segments) {
			if ((await this.sizeOf(`${named.parsed.sourceKey ?? ''}/${name}`)) !== size) missing.push(name);
		}
		if (missing.length > 0) {
			return { outcome: 'refused', reason: `the list of its items is missing: import it together with ${missing.slice(0, 5).join(', ')}` };
		}
		const outcome = await this.takeProven(named, brought);
		const archives = [];
		for (const { name } of brought.record.archives) if ((await this.sizeOf(`${named.parsed.sourceKey ?? ''}/${name}`)) === null) archives.push(name);
		return archives.length === 0 ? outcome : { ...outcome, reason: `its contents are still missing: import ${archives.slice(0, 5).join(', ')}, too` };
	}

	/** Holds and prune records: small, and no hash names them. */
	private async takeNote(named: NamedImport, records: ImportRecords): Promise<Outcome> {
		const bytes = (await readFile(this.brought, named.key, MAX_CURSOR_BYTES, this.signal)) ?? Buffer.alloc(0);
		openSealed(bytes, named.key);
		const runId = named.parsed.runId ?? '';
		if (named.parsed.kind === 'hold' && !records.stored.has(runId) && !records.brought.has(runId)) {
			return { outcome: 'refused', reason: 'its snapshot is neither in the repository nor among the files to import' };
		}
		const stored = await this.soundNote(named.key);
		const isThere = stored?.equals(bytes) === true;
		if (stored !== null && !isThere) return { outcome: 'refused', reason: 'the repository holds another file of this name' };
		if (!this.changes) return { outcome: 'checked' };
		if (isThere) return { outcome: 'alreadyThere' };
		const isDamaged = (await this.sizeOf(named.key)) !== null;
		await this.put(named.key, readImport(named.file, this.signal));
		return isDamaged ? replacedDamaged : { outcome: 'imported' };
	}

	/** What the repository holds under that name, unless that is damaged. */
	private async soundNote(key: string): Promise<Buffer | null> {
		try {
			const bytes = await readFile(this.store, key, MAX_CURSOR_BYTES, this.signal);
			if (bytes !== null) openSealed(bytes, key);
			return bytes;
		} catch (error) {
			if (!isFailure(error, 'corrupt')) throw error;
			return null;
		}
	}

	private async takeReadme({ key }: NamedImport): Promise<Outcome> {
		const bytes = (await readFile(this.brought, key, MAX_RECORD_BYTES, this.signal)) ?? Buffer.alloc(0);
		const [firstLine = ''] = bytes.toString('utf8').split(',');
		if (!REPOSITORY_README.startsWith(`${firstLine},`)) return { outcome: 'refused', reason: 'it is not the README.txt of a repository' };
		if (!this.changes) return { outcome: 'checked' };
		const stored = await readFile(this.store, key, MAX_RECORD_BYTES, this.signal);
		// repository.json has the hash of the text as it was written.
		if (stored !== null && (sha256(stored) === this.identity.record.readme || sha256(bytes) !== this.identity.record.readme)) return { outcome: 'alreadyThere' };
		await this.put(key, once(bytes));
		return stored === null ? { outcome: 'imported' } : replacedDamaged;
	}

	/**
	 * A prune beside this import may have looked before it, and removes what was found here. What is gone by now comes in
	 * all the same; what may still go is told.
	 */
	private async lookOnceMore(sorted: readonly NamedImport[], outcomes: Map<number, Outcome>): Promise<void> {
		const found = sorted.filter(({ position, parsed }) => parsed.sourceKey !== undefined && outcomes.get(position)?.outcome === 'alreadyThere');
		for (const source of new Set(found.map(({ parsed }) => parsed.sourceKey ?? ''))) {
			const files = await listSource(this.store, source, this.signal);
			const prunes = await prunesGoingOn(this.store, source, files, this.ambient.now(), this.signal);
			if (prunes.length === 0) continue;
			this.listings.delete(`${source}/`);
			for (const named of found) {
				if (named.parsed.sourceKey !== source) continue;
				const name = named.key.slice(source.length + 1);
				const stored = files.get(name);
				if (!stored) outcomes.set(named.position, await this.take(named));
				else if (prunes.some(({ writtenAt, record }) => stored.modifiedAt <= writtenAt && (!record || record.files.some((file) => file.name === name)))) {
					outcomes.set(named.position, { outcome: 'alreadyThere', reason: 'a prune that began less than an hour ago may still remove it: import it once more in an hour' });
				}
			}
		}
	}

	/** `cursor.json` is a copy of the newest cursor: where it is missing, it is made again. */
	private async finish(): Promise<void> {
		if ((await this.sizeOf('README.txt')) === null) await this.put('README.txt', once(Buffer.from(REPOSITORY_README)));
		if (this.records.size === 0) return;
		const { encryption } = this.options;
		const repository = await Repository.open(this.outerStore, this.ambient, { encryption, signal: this.signal });
		for (const key of this.records.keys()) {
			if ((await this.sizeOf(`${key}/cursor.json`)) !== null) continue;
			const cursor = await repository.cursor(key, this.signal);
			if (cursor !== null) await repository.writeCurrentCursor(key, cursor);
		}
	}

	private get context(): { store: Store; ambient: Ambient; signal: AbortSignal | undefined } {
		return { store: this.store, ambient: this.ambient, signal: this.signal };
	}

	private async recordsOf(key: string): Promise<ImportRecords> {
		const known = this.records.get(key) ?? (await ImportRecords.read(key, this.sides, this.signal));
		this.records.set(key, known);
		return known;
	}

	/** By one listing a folder, kept up to date by `put`. */
	private async sizeOf(key: string): Promise<number | null> {
		const prefix = key.slice(0, key.lastIndexOf('/') + 1);
		let sizes = this.listings.get(prefix);
		if (sizes === undefined) {
			sizes = new Map();
			this.listings.set(prefix, sizes);
			// At the top only README.txt is ever asked for; a listing of everything would be long.
			for await (const file of this.store.list(prefix === '' ? key : prefix, this.signal)) sizes.set(file.key, file.sizeBytes);
		}
		return sizes.get(key) ?? null;
	}

	/** `content`: the bytes as they are to be stored. */
	private async put(key: string, content: AsyncIterable<Uint8Array>): Promise<void> {
		let sizeBytes = 0;
		const counted = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
			for await (const chunk of content) {
				sizeBytes += chunk.length;
				yield chunk;
			}
		};
		await storedBytes(this.store).put(key, counted(), this.signal ? { signal: this.signal } : {});
		this.listings.get(key.slice(0, key.lastIndexOf('/') + 1))?.set(key, sizeBytes);
	}
}

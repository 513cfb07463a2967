import { isFailure } from '../base/failure';
import type { JsonObject } from '../base/json';
import { CopyLedger } from '../repository/copies';
import type { CopyNews } from '../repository/copies-format';
import { flatName, hasEncryptedName, parseRepositoryKey, plainName, type ParsedKey } from '../repository/names';
import type { Repository } from '../repository/repository';
import type { StoreFile } from '../stores/store';
import { isCopied } from './files-to-copy';
import { NamedFiles } from './named-files';
import { measure } from './proven-content';

export interface Confirmation {
	/** Of the file that was to be copied, by path or flat name. */
	fileName: string;
	/** What is known of the file as it arrived there, where anything is. */
	sizeBytes?: number;
	sha256?: string;
	/** Everything that the storage's node said: remembered, and searched for contradictions. */
	fields: JsonObject;
}

export interface ConfirmOptions {
	target: string;
	confirmations: readonly Confirmation[];
	/** `deleted`: the copy no longer holds these files. Default `copied`. */
	mode?: 'copied' | 'deleted';
	signal?: AbortSignal;
}

export interface ConfirmResult {
	/** As it was given. */
	fileName: string;
	confirmed: boolean;
	/** Why not. */
	reason?: string;
}

/**
 * Remembers which files a copy holds now, one answer for each confirmation in its order. Not confirmed is what the
 * repository does not hold or no record names, and what contradicts it in name, size or hash: such a file is simply
 * copied again next time. Saying the same twice changes nothing. Durable once it resolves. Throws `invalid` for a bad
 * target.
 */
export async function confirmCopied(repository: Repository, options: ConfirmOptions): Promise<ConfirmResult[]> {
	const { mode = 'copied', signal, target } = options;
	const ledger = await CopyLedger.read(repository.store, repository.ambient, target, signal);
	const facts = new FileFacts(repository, signal);
	const news = new Map<string, CopyNews>();
	const results: ConfirmResult[] = [];
	for (const confirmation of options.confirmations) {
		const { fileName } = confirmation;
		const parsed = parseRepositoryKey(plainName(fileName));
		const { key } = parsed;
		// A file under the other name, encrypted or plain, is not what this repository holds.
		if (key === undefined || !isCopied(parsed.kind) || (repository.nameOf(key) !== key) !== hasEncryptedName(fileName)) {
			results.push({ fileName, confirmed: false, reason: `${JSON.stringify(fileName)} is not the name of a file that is copied from a repository` });
			continue;
		}
		if (mode === 'deleted') {
			if (ledger.get(key) !== undefined) news.set(key, { key, deleted: true });
			results.push({ fileName, confirmed: true });
			continue;
		}
		const checked = await checkCopied(facts, parsed, key, repository.nameOf(key), confirmation);
		if ('reason' in checked) {
			results.push({ fileName, confirmed: false, reason: checked.reason });
			continue;
		}
		const known = ledger.get(key);
		const isKnown = known?.sha256 === checked.sha256 && JSON.stringify(known.fields) === JSON.stringify(confirmation.fields);
		if (!isKnown) news.set(key, { key, size: checked.size, sha256: checked.sha256, fields: confirmation.fields });
		results.push({ fileName, confirmed: true });
	}
	await ledger.add([...news.values()], signal);
	return results;
}

async function checkCopied(
	facts: FileFacts,
	parsed: ParsedKey,
	key: string,
	name: string,
	confirmation: Confirmation,
): Promise<{ size: number; sha256: string } | { reason: string }> {
	const fact = await facts.of(parsed, key);
	if ('reason' in fact) return fact;
	const { size, sha256 } = fact;
	const reason =
		nameProblem(confirmation.fields, name) ??
		numberProblem(confirmation.sizeBytes, size) ??
		fieldSizes(confirmation.fields).map((field) => numberProblem(field, size)).find((problem) => problem !== undefined) ??
		hashProblem([confirmation.sha256, ...fieldHashes(confirmation.fields)], sha256);
	return reason === undefined ? fact : { reason };
}

/** Storage nodes call it `name` or `fileName`; some give the whole path. */
function nameProblem(fields: JsonObject, path: string): string | undefined {
	const base = path.slice(path.lastIndexOf('/') + 1);
	for (const field of ['name', 'fileName']) {
		const value = fields[field];
		if (typeof value !== 'string' || value === '') continue;
		const name = value.slice(Math.max(value.lastIndexOf('/'), value.lastIndexOf('\\')) + 1);
		if (name !== base && name !== flatName(path)) return `the storage calls it ${JSON.stringify(value)} instead of ${JSON.stringify(flatName(path))}`;
	}
	return undefined;
}

function fieldSizes(fields: JsonObject): number[] {
	// Only plain numbers of bytes; "48 kB" says nothing exact. A content length of nothing is that of the storage's answer (Azure Storage).
	return ['size', 'sizeBytes', 'contentLength', 'ContentLength']
		.filter((field) => !/length$/i.test(field) || Number(fields[field]) !== 0)
		.map((field) => fields[field])
		.filter((value) => typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value)))
		.map(Number);
}

function fieldHashes(fields: JsonObject): string[] {
	return ['sha256', 'sha256Checksum', 'sha256Hash']
		.map((field) => fields[field])
		.filter((value): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value));
}

function numberProblem(found: number | undefined, expected: number): string | undefined {
	return found === undefined || found === expected ? undefined : `the copy has ${found} bytes instead of ${expected}`;
}

function hashProblem(found: readonly (string | undefined)[], expected: string): string | undefined {
	const isWrong = found.some((hash) => hash !== undefined && hash.toLowerCase() !== expected);
	return isWrong ? 'the SHA-256 of the copy is not that of the file' : undefined;
}

/** Size and hash of repository files, from the records that name them or from their bytes. */
class FileFacts {
	private readonly named = new Map<string, Promise<NamedFiles>>();
	private readonly listings = new Map<string, Promise<Map<string, StoreFile>>>();

	constructor(
		private readonly repository: Repository,
		private readonly signal: AbortSignal | undefined,
	) {}

	async of(parsed: ParsedKey, key: string): Promise<{ size: number; sha256: string } | { reason: string }> {
		const prefix = parsed.sourceKey === undefined ? key : `${parsed.sourceKey}/`;
		const listing = await remembered(this.listings, prefix, () => this.list(prefix));
		const file = listing.get(key);
		if (file === undefined) return { reason: 'the repository does not hold this file (any more)' };
		if (parsed.sourceKey !== undefined && ['archive', 'segment', 'cursor'].includes(parsed.kind)) {
			const { sourceKey } = parsed;
			const named = await remembered(this.named, sourceKey, () => NamedFiles.read(this.repository, sourceKey, this.signal));
			const expected = await named.find(key.slice(sourceKey.length + 1), this.signal);
			if (expected === undefined) return { reason: 'no snapshot names this file' };
			return { size: expected.size ?? file.sizeBytes, sha256: expected.sha256 };
		}
		const content = await this.repository.stored.get(key, undefined, this.signal);
		return content === null ? { reason: 'the repository does not hold this file (any more)' } : await measure(content);
	}

	private async list(prefix: string): Promise<Map<string, StoreFile>> {
		const files = new Map<string, StoreFile>();
		for await (const file of this.repository.store.list(prefix, this.signal)) files.set(file.key, file);
		return files;
	}
}

async function remembered<T>(cache: Map<string, Promise<T>>, key: string, load: () => Promise<T>): Promise<T> {
	const known = cache.get(key) ?? load();
	cache.set(key, known);
	try {
		return await known;
	} catch (error) {
		if (!isFailure(error)) cache.delete(key);
		throw error;
	}
}

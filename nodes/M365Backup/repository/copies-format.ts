import { Failure } from '../base/failure';
import type { JsonObject } from '../base/json';
import { linesOf } from './bytes';
import { MAX_LEDGER_LINES, MAX_LINE_CHARS } from './limits';
import { parseRepositoryKey } from './names';

interface CopiedNews {
	key: string;
	deleted?: never;
	size: number;
	sha256: string;
	fields: JsonObject;
	/** Since when the repository itself does without the file, ISO 8601 UTC; absent: it has it. */
	evicted?: string;
}

interface DeletedNews {
	key: string;
	deleted: true;
}

/** What was confirmed about one file of a copy. */
export type CopyNews = CopiedNews | DeletedNews;
export type CopyLine = CopyNews & {
	/** ISO 8601 UTC with milliseconds: of two lines for one file the later one counts. */
	at: string;
};

/** One file of a ledger. */
export interface LedgerPart {
	target: string;
	/** Keys of older parts whose lines this one repeats. */
	includes: string[];
	lines: CopyLine[];
}

const allowedTarget = /^[\p{L}\p{N}](?:[\p{L}\p{N} _-]{0,58}[\p{L}\p{N}_-])?$/u;
const deviceName = /^(?:con|prn|aux|nul|com\d|lpt\d)$/;

/**
 * The target's name as its folder spells it: NFC, small letters, so that `NAS` and `nas` are one target on every
 * file system. Throws `invalid` for what is no name.
 */
export function checkTarget(target: string): string {
	const name = target.trim().normalize('NFC').toLowerCase().normalize('NFC');
	if (allowedTarget.test(name) && !deviceName.test(name)) return name;
	throw new Failure('invalid', `${JSON.stringify(target.slice(0, 100))} cannot be the name of a copy`, {
		code: 'invalidTarget',
		nextStep: 'Use up to 60 letters, digits, spaces, dashes and underscores, e.g. “google-drive”.',
	});
}

/** NDJSON: `{"copies":1,"target":…,"includes":[…]}` and then a line for each file. */
export function formatLedger({ target, includes, lines }: LedgerPart): string {
	const texts = [JSON.stringify({ copies: 1, target, ...(includes.length > 0 && { includes }) })];
	for (const line of lines) texts.push(JSON.stringify(line));
	return `${texts.join('\n')}\n`;
}

/** Throws `corrupt`. */
export function parseLedger(plain: Buffer, where: string): LedgerPart {
	let part: LedgerPart | undefined;
	for (const line of linesOf(plain)) {
		const value = parseObject(line, where);
		if (part === undefined) part = parseHeader(value, where);
		else if (part.lines.length >= MAX_LEDGER_LINES) throw damaged(where, `it has more than ${MAX_LEDGER_LINES} lines`);
		else if (isCopyLine(value)) part.lines.push(value);
		else throw damaged(where, 'a line says nothing that can be understood');
	}
	if (part === undefined) throw damaged(where, 'it is empty');
	return part;
}

function parseHeader(value: Record<string, unknown>, where: string): LedgerPart {
	const includes = value.includes ?? [];
	if (value.copies !== 1 || typeof value.target !== 'string') throw damaged(where, 'it has an unknown form');
	if (!Array.isArray(includes) || !includes.every((name) => typeof name === 'string')) throw damaged(where, 'it has an unknown form');
	return { target: value.target, includes, lines: [] };
}

function isCopyLine(value: Record<string, unknown>): value is Record<string, unknown> & CopyLine {
	const { key, at, deleted, size, sha256, fields, evicted } = value;
	if (typeof key !== 'string' || parseRepositoryKey(key).key !== key) return false;
	if (typeof at !== 'string' || Number.isNaN(Date.parse(at))) return false;
	if (deleted === true) return true;
	if (evicted !== undefined && (typeof evicted !== 'string' || Number.isNaN(Date.parse(evicted)))) return false;
	const isSize = typeof size === 'number' && Number.isSafeInteger(size) && size >= 0;
	const isHash = typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256);
	return isSize && isHash && typeof fields === 'object' && fields !== null && !Array.isArray(fields);
}

function parseObject(line: string, where: string): Record<string, unknown> {
	if (line.length > MAX_LINE_CHARS) throw damaged(where, 'a line is too long');
	try {
		const value: unknown = JSON.parse(line);
		if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
	} catch (cause) {
		throw damaged(where, 'a line is not JSON', cause);
	}
	throw damaged(where, 'a line is no object');
}

function damaged(where: string, reason: string, cause?: unknown): Failure {
	return new Failure('corrupt', `${where} is damaged: ${reason}`, { cause });
}

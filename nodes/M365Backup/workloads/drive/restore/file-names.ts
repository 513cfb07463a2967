import { createHash } from 'node:crypto';

/** OneDrive and SharePoint take no longer ones (support.microsoft.com, "Restrictions and limitations in OneDrive and SharePoint"). */
const LONGEST_NAME = 255;
/** Of the decoded path below the host. */
export const LONGEST_PATH = 400;
/** Shorter than this, a name would say nothing any more. */
const SHORTEST_NAME = 24;

const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d|\.lock|desktop\.ini)$/i;
const COPY_NOTE = / \((?:restored|moved aside) \d{4}-\d\d-\d\d(?: \d+)?\)$/;

/** A name that SharePoint takes: the same one wherever possible (graph-facts §4, names). */
export function acceptableName(name: string): string {
	let mapped = name
		.replace(/["*:<>?/\\|\u0000-\u001f\u007f]/g, '_')
		.replace(/_vti_/gi, '-vti-')
		.replace(/^ +/, '')
		.replace(/[ .]+$/, '');
	if (mapped === '') mapped = '_';
	if (RESERVED.test(mapped) || mapped.startsWith('~$')) mapped = `_${mapped}`;
	return mapped.length > LONGEST_NAME ? shortened(mapped, LONGEST_NAME) : mapped;
}

/**
 * @param roomChars how long it may be where it goes.
 * @returns undefined if nothing of it would be left.
 */
export function fittingName(name: string, roomChars: number): string | undefined {
	const mapped = acceptableName(name);
	if (mapped.length <= roomChars) return mapped;
	return roomChars < SHORTEST_NAME ? undefined : shortened(mapped, roomChars);
}

/** Two long names that differ at their end must not become one: the short one carries a hash of the whole. */
function shortened(name: string, mostChars: number): string {
	const [stem, extension] = splitName(name);
	const kept = extension.length <= 12 ? extension : '';
	const mark = ` [${createHash('sha256').update(name).digest('hex').slice(0, 6)}]`;
	const cut = (kept === extension ? stem : name).slice(0, mostChars - mark.length - kept.length);
	// Never half a pair of surrogates.
	return `${cut.replace(/[\uD800-\uDBFF]$/, '').trim()}${mark}${kept}`;
}

/** `report.docx` → report, .docx; `.hidden` has no extension. */
export function splitName(name: string): [stem: string, extension: string] {
	const dot = name.lastIndexOf('.');
	return dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
}

/** `report (restored 2026-11-22).docx`, from the second on with a number. */
export function copyName(name: string, isFolder: boolean, word: 'restored' | 'moved aside', day: string, count: number): string {
	const [stem, extension] = isFolder ? [name, ''] : splitName(name);
	const note = ` (${word} ${day}${count === 1 ? '' : ` ${count}`})`;
	const most = LONGEST_NAME - note.length - extension.length;
	return `${stem.length > most ? stem.slice(0, most).replace(/[\uD800-\uDBFF]$/, '') : stem}${note}${extension}`;
}

/** What a copy is a copy of: `report (restored 2026-11-22 2).docx` → report.docx. undefined: it is none. */
export function copiedName(name: string): string | undefined {
	if (COPY_NOTE.test(name)) return name.replace(COPY_NOTE, '');
	const [stem, extension] = splitName(name);
	return COPY_NOTE.test(stem) ? `${stem.replace(COPY_NOTE, '')}${extension}` : undefined;
}

/** Names in one folder ignore case. */
export function nameKey(name: string): string {
	return name.toLowerCase();
}

export { isRewrittenType } from '../rewritten-types';

import { createHash } from 'node:crypto';

/** The whole name, folders included; four characters are left for a number where a name repeats in an archive. */
const MAX_NAME_CHARS = 176;
/** ext4, APFS and NTFS end at 255 bytes or units for one component. */
const MAX_COMPONENT_BYTES = 240;
const MIN_TITLE_CHARS = 40;
const MAX_EXTENSION_CHARS = 16;
const MAX_FOLDERS = 8;

/** What Windows forbids in a name, control characters, and what turns the direction of text or hides in it. */
const UNSAFE = /[<>:"/\\|?*\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd-\uffff]/g;
const LONE_SURROGATE = /\p{Cs}/gu;
/** Windows opens these devices whatever extension follows. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?=[ .]*(?:\.|$))/i;

function trimEdges(text: string): string {
	return text.replace(/^[\s.]+|[\s.]+$/g, '');
}

function clean(text: string): string {
	const safe = trimEdges(text.replace(LONE_SURROGATE, '_').normalize('NFC').replace(UNSAFE, '_').replace(/\s+/g, ' '));
	return DEVICE.test(safe) ? `_${safe}` : safe;
}

/** Cut between characters, never inside a surrogate pair, by UTF-16 units and by UTF-8 bytes. */
function shorten(text: string, maxChars: number, maxBytes: number): string {
	if (text.length <= maxChars && Buffer.byteLength(text) <= maxBytes) return text;
	let kept = '';
	let bytes = 0;
	for (const character of text) {
		bytes += Buffer.byteLength(character);
		if (kept.length + character.length > maxChars || bytes > maxBytes) break;
		kept += character;
	}
	return trimEdges(kept);
}

/** Deep trees keep their first and their last folders. */
function limitDepth(folders: string[]): string[] {
	if (folders.length <= MAX_FOLDERS) return folders;
	return [...folders.slice(0, 2), '_', ...folders.slice(3 - MAX_FOLDERS)];
}

/**
 * The name of an item's content in an archive, for people: `Inbox/2026-11-22 Quarterly report [1a2b3c4d].eml`.
 * NFC; forbidden, control and bidi characters become `_`; no device names, no edge dots or spaces; at most 180
 * characters; always the bracketed hash of id and version, so that two items never share a name.
 */
export function entryName(parts: {
	folderPath: readonly string[];
	title: string;
	/** With its dot, `.eml`; may be empty. */
	extension: string;
	id: string;
	version: string;
}): string {
	const hash = createHash('sha256').update(`${parts.id}\n${parts.version}`).digest('hex').slice(0, 8);
	const extension = shorten(clean(parts.extension), MAX_EXTENSION_CHARS, MAX_EXTENSION_CHARS * 3).replaceAll(' ', '_');
	const tail = ` [${hash}]${extension === '' ? '' : `.${extension}`}`;
	const title = clean(parts.title) || 'untitled';
	const room = MAX_NAME_CHARS - tail.length;
	let folders = limitDepth(parts.folderPath.map((folder) => clean(folder) || '_'));
	const folderRoom = room - Math.min(title.length, MIN_TITLE_CHARS);
	const joined = folders.reduce((sum, folder) => sum + folder.length + 1, 0);
	const perFolder = joined > folderRoom ? Math.floor(folderRoom / folders.length) - 1 : room;
	folders = folders.map((folder) => shorten(folder, perFolder, MAX_COMPONENT_BYTES) || '_');
	const prefix = folders.map((folder) => `${folder}/`).join('');
	const leaf = shorten(title, room - prefix.length, MAX_COMPONENT_BYTES - Buffer.byteLength(tail)) || 'untitled';
	return `${prefix}${leaf}${tail}`;
}

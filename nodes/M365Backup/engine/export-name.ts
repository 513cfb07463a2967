/** What Windows forbids in a name, control characters, and what turns the direction of text or hides in it. */
const UNSAFE = /[<>:"/\\|?*\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;
const LONE_SURROGATE = /\p{Cs}/gu;
/** Windows opens these devices whatever extension follows. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])[ .]*(\.|$)/i;
/** File systems end at 255 bytes for a name; this leaves room for what a browser adds. */
const MOST_BYTES = 200;

/** A file name that every system takes. Two items may get the same one: whoever writes files into a folder numbers them. */
export function safeFileName(title: string, extension: string, mostBytes = MOST_BYTES): string {
	const safe = title.replace(LONE_SURROGATE, '_').normalize('NFC').replace(UNSAFE, '_').replace(/\s+/g, ' ');
	let name = '';
	for (const character of safe) {
		if (Buffer.byteLength(name) + Buffer.byteLength(character) + Buffer.byteLength(extension) > mostBytes) break;
		name += character;
	}
	// One dot before a name is part of it (`.gitignore`); dots alone, or more of them, lead somewhere.
	name = name.replace(/^(?!\.[^\s.])[\s.]+|[\s.]+$/g, '');
	if (name === '') name = 'untitled';
	return `${DEVICE.test(name) ? '_' : ''}${name}${extension}`;
}

/** Longest line in octets, without its end (RFC 5545, 3.1). */
const LINE_OCTETS = 75;

/** One content line, folded, with its line end. `value` is already in the form of its type. */
export function icsLine(name: string, value: string, parameters: Readonly<Record<string, string | undefined>> = {}): string {
	const listed = Object.entries(parameters)
		.filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '')
		.map(([key, text]) => `;${key}=${parameter(text)}`);
	return fold(`${name}${listed.join('')}:${value}`);
}

/** A TEXT value: commas, semicolons, backslashes and line breaks escaped, other control characters left out. */
export function icsText(text: string): string {
	return text
		.replace(/\r\n?/g, '\n')
		.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
		.replace(/[\\;,]/g, (char) => `\\${char}`)
		.replace(/\n/g, '\\n');
}

/** Parameters have no escapes: quotes cannot be in them, and anything special needs quotes. */
function parameter(text: string): string {
	const clean = text.replace(/[\u0000-\u001f\u007f]/g, ' ').replace(/"/g, "'");
	return /[:;,]/.test(clean) ? `"${clean}"` : clean;
}

/** Folds between characters, never within one: lines are counted in octets of UTF-8. */
export function fold(line: string): string {
	const octets = Buffer.from(line);
	const lines: string[] = [];
	let start = 0;
	// All but the first begin with a space.
	for (let room = LINE_OCTETS; octets.length - start > room; room = LINE_OCTETS - 1) {
		let end = start + room;
		// 10xxxxxx goes on with a character that has begun.
		while (((octets[end] ?? 0) & 0xc0) === 0x80) end -= 1;
		lines.push(octets.toString('utf8', start, end));
		start = end;
	}
	lines.push(octets.toString('utf8', start));
	return `${lines.join('\r\n ')}\r\n`;
}

/** Bytes as a folded base64 value behind a property's head, a chunk at a time. */
export async function* icsBinary(name: string, parameters: Readonly<Record<string, string | undefined>>, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
	yield Buffer.from(icsLine(name, '', { ...parameters, ENCODING: 'BASE64', VALUE: 'BINARY' }));
	// 54 bytes make 72 digits: a line with its leading space.
	let rest = Buffer.alloc(0);
	for await (const chunk of bytes) {
		const all = Buffer.concat([rest, chunk]);
		const whole = all.length - (all.length % 54);
		rest = all.subarray(whole);
		if (whole > 0) yield Buffer.from(base64Lines(all.subarray(0, whole)));
	}
	if (rest.length > 0) yield Buffer.from(base64Lines(rest));
}

function base64Lines(bytes: Buffer): string {
	return bytes.toString('base64').replace(/.{1,72}/g, (digits) => ` ${digits}\r\n`);
}

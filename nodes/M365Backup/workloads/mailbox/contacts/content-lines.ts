import { Buffer } from 'node:buffer';

/** Octets in a line, its break aside (RFC 2426 §2.6, RFC 2425 §5.8.1). */
const LINE_OCTETS = 75;

/** A property as vCards write it, folded between characters, never within one. */
export function contentLine(name: string, value: string): string {
	const lines: string[] = [];
	let line = '';
	let octets = 0;
	for (const char of `${name}:${value}`) {
		const size = Buffer.byteLength(char);
		if (octets + size > LINE_OCTETS) {
			lines.push(line);
			line = ' ';
			octets = 1;
		}
		line += char;
		octets += size;
	}
	return `${[...lines, line].join('\r\n')}\r\n`;
}

/** Bytes in base64 as the value of a property, folded, in constant memory. */
export async function* base64Line(name: string, content: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
	yield contentLine(name, '').trimEnd();
	// On lines of its own, so that the name's length does not matter: 72 digits and the space before them are 73 octets.
	const bytesOfLine = 54;
	let rest = Buffer.alloc(0);
	for await (const chunk of content) {
		rest = Buffer.concat([rest, chunk]);
		let text = '';
		let at = 0;
		for (; at + bytesOfLine <= rest.length; at += bytesOfLine) text += `\r\n ${rest.toString('base64', at, at + bytesOfLine)}`;
		rest = rest.subarray(at);
		if (text !== '') yield text;
	}
	yield rest.length > 0 ? `\r\n ${rest.toString('base64')}\r\n` : '\r\n';
}

/** A text value: what would end it or split it is escaped, and what no reader can take is left out. */
export function escapeText(value: string): string {
	// Through bytes: half a surrogate pair is no text.
	return Buffer.from(value)
		.toString('utf8')
		.replace(/\r\n?|\n/g, '\n')
		.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
		.replace(/[\\;,]/g, '\\$&')
		.replaceAll('\n', '\\n');
}

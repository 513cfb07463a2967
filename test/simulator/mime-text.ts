import type { Address } from './message-content';

/** RFC 2047 words where a header needs them; each at most 75 characters. */
export function headerText(text: string): string {
	if (/^[\x20-\x7e]*$/.test(text)) return fold(text);
	const words: string[] = [];
	let piece = '';
	for (const char of text) {
		if (Buffer.byteLength(piece + char) > 42) {
			words.push(piece);
			piece = '';
		}
		piece += char;
	}
	if (piece) words.push(piece);
	return words.map((word) => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`).join('\r\n ');
}

function fold(text: string): string {
	return text.length < 200 ? text : text.replace(/(.{60,100}?) (?=\S)/g, '$1\r\n ');
}

export function headerAddress({ name, address }: Address): string {
	if (name === '' || name === address) return address;
	if (/^[A-Za-z0-9 ]+$/.test(name)) return `${name} <${address}>`;
	if (/^[\x20-\x7e]+$/.test(name)) return `"${name.replace(/["\\]/g, '\\$&')}" <${address}>`;
	return `${headerText(name)} <${address}>`;
}

export function addressHeader(name: string, addresses: readonly Address[]): string {
	return addresses.length ? `${name}: ${addresses.map(headerAddress).join(',\r\n ')}\r\n` : '';
}

/** base64 in lines of 76 characters. */
export function base64Lines(bytes: Buffer): string {
	return bytes.toString('base64').replace(/.{76}/g, '$&\r\n');
}

export function crlf(text: string): string {
	return text.replace(/\r?\n/g, '\r\n');
}

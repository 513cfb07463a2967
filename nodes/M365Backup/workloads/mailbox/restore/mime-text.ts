import { decodeStream, encodingExists } from 'iconv-lite';
import { setImmediate as turn } from 'node:timers/promises';
import { TextDecoder } from 'node:util';

/** Bytes decoded in one go; a few milliseconds even for the slowest charsets. */
const SLICE_BYTES = 256 * 1024;

export interface DecodedText {
	text: string;
	/** The charset that the part names, if nobody here knows it. `text` is then a guess. */
	unknownCharset?: string;
}

/**
 * Encodings that the WHATWG standard maps to "replacement" (ISO-2022-KR, HZ…), unreadable for TextDecoder by design, and
 * UTF-16, whose byte order mark TextDecoder does not obey.
 */
const NOT_FOR_TEXT_DECODER = new Set(['utf-16', 'iso-2022-kr', 'csiso2022kr', 'hz-gb-2312', 'iso-2022-cn', 'iso-2022-cn-ext']);

/**
 * Text bytes as a string, in slices that let other work go on in between.
 *
 * Node's own decoder (all of the WHATWG encodings) goes first, iconv-lite knows the rest (UTF-7, DOS code pages,
 * Macintosh…). No charset, or US-ASCII with bytes beyond it: UTF-8 where the bytes are that, else Windows-1252, as
 * mail programs do.
 */
export async function decodeText(chunks: readonly Uint8Array[], charset: string | undefined): Promise<DecodedText> {
	const name = (charset ?? '').trim().toLowerCase().replace(/^["']|["']$/g, '');
	if (name === '' || /^(us-?)?ascii$|^ansi_x3|^(7|8)bit$|^unknown-8bit$|^default_charset$/.test(name)) {
		return { text: await decodeGuessing(chunks) };
	}
	if (/^utf-?8$/.test(name)) return { text: await decodeGuessing(chunks) };
	const decoder = textDecoder(name);
	if (decoder) return { text: await decodeWith(decoder, chunks) };
	const alias = ALIASES[name] ?? name;
	if (!encodingExists(alias)) return { text: await decodeGuessing(chunks), unknownCharset: charset ?? '' };
	return { text: await decodeWithIconv(alias, chunks) };
}

/** Names seen in mail that neither decoder knows as such. */
const ALIASES: Record<string, string> = {
	'unicode-1-1-utf-7': 'utf-7',
	cp936: 'gbk',
	'x-mac-roman': 'macroman',
	'ks_c_5601-1987': 'cp949',
};

function textDecoder(name: string): TextDecoder | undefined {
	if (NOT_FOR_TEXT_DECODER.has(name)) return undefined;
	try {
		return new TextDecoder(name.replace(/^win-?(\d{3,4})$/, 'windows-$1').replace(/^cp(125\d)$/, 'windows-$1'));
	} catch {
		// A name that the standard does not list: the other decoder's turn.
		return undefined;
	}
}

async function decodeGuessing(chunks: readonly Uint8Array[]): Promise<string> {
	try {
		return await decodeWith(new TextDecoder('utf-8', { fatal: true }), chunks);
	} catch (error) {
		if (!(error instanceof TypeError)) throw error;
		return await decodeWith(new TextDecoder('windows-1252'), chunks);
	}
}

async function decodeWith(decoder: TextDecoder, chunks: readonly Uint8Array[]): Promise<string> {
	const parts: string[] = [];
	for await (const slice of slices(chunks)) parts.push(decoder.decode(slice, { stream: true }));
	parts.push(decoder.decode());
	return parts.join('');
}

async function decodeWithIconv(charset: string, chunks: readonly Uint8Array[]): Promise<string> {
	const stream = decodeStream(charset);
	const parts: string[] = [];
	stream.on('data', (part: string) => parts.push(part));
	const ended = new Promise<void>((resolve, reject) => {
		stream.on('end', resolve);
		stream.on('error', reject);
	});
	for await (const slice of slices(chunks)) stream.write(Buffer.from(slice));
	stream.end();
	await ended;
	return parts.join('');
}

async function* slices(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
	let sinceTurn = 0;
	for (const chunk of chunks) {
		for (let offset = 0; offset < chunk.length; offset += SLICE_BYTES) {
			const slice = chunk.subarray(offset, offset + SLICE_BYTES);
			yield slice;
			sinceTurn += slice.length;
			if (sinceTurn < SLICE_BYTES) continue;
			sinceTurn = 0;
			await turn();
		}
	}
}

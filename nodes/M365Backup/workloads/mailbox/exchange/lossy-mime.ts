/**
 * Content types whose messages MIME alone cannot give back as they were (restore/fidelity.ts): signed and encrypted
 * mail, reports, Outlook's own format, attached messages, and the machine-readable part of an invitation. Headers may be
 * folded anywhere. Looked for wherever a line begins with them, in nested parts too; a text that quotes such a line costs
 * an export too many, nothing else.
 */
const LOSSY = new RegExp(
	String.raw`(?:^|[\r\n])content-type:[ \t\r\n]*(?:` +
		[
			String.raw`multipart/(?:signed|encrypted|report)`,
			String.raw`application/(?:x-)?pkcs7-(?:mime|signature)`,
			String.raw`application/(?:vnd\.)?ms-tnef`,
			String.raw`message/(?:rfc822|global)[\s;]`,
			String.raw`text/calendar\s*;(?:[^\r\n]|\r?\n[ \t]){0,300}?method=`,
		].join('|') +
		')',
	'i',
);

/** Enough for the longest header that is looked for to lie across the end of a chunk. */
const OVERLAP_CHARS = 512;

/** Looks at MIME as it passes by, in constant memory. */
export class LossySniffer {
	isLossy = false;
	sizeBytes = 0;
	private tail = '';

	see(chunk: Uint8Array): void {
		this.sizeBytes += chunk.length;
		if (this.isLossy) return;
		const text = this.tail + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
		this.isLossy = LOSSY.test(text);
		this.tail = text.slice(-OVERLAP_CHARS);
	}
}

/** Whether a message's MIME is of a sort that it alone cannot give back. */
export function isLossyMime(bytes: Uint8Array): boolean {
	const sniffer = new LossySniffer();
	sniffer.see(bytes);
	return sniffer.isLossy;
}

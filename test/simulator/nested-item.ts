type Body = Record<string, unknown>;

interface Recipient {
	emailAddress?: { name?: string; address?: string };
}

/**
 * The bytes that `/attachments/{id}/$value` gives of an item that came as JSON: MIME, iCalendar or vCard. Attachments
 * inside it are lost, as they are in Graph.
 */
export function itemToMime(item: Body, itemType: string): Buffer {
	const text = (value: unknown): string => (typeof value === 'string' ? value : '');
	const people = (value: unknown): string =>
		((value ?? []) as Recipient[]).map(({ emailAddress }) => `${encodedWord(emailAddress?.name ?? '')} <${emailAddress?.address ?? ''}>`.trim()).join(', ');
	if (itemType === '#microsoft.graph.event') return Buffer.from(`BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:PUBLISH\r\nBEGIN:VEVENT\r\nSUMMARY:${text(item.subject)}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`);
	if (itemType === '#microsoft.graph.contact') return Buffer.from(`BEGIN:VCARD\r\nVERSION:3.0\r\nFN:${text(item.displayName)}\r\nEND:VCARD\r\n`);
	const body = (item.body ?? {}) as { contentType?: string; content?: string };
	const lines = [
		`Subject: ${encodedWord(text(item.subject))}`,
		`From: ${people(item.from ? [item.from] : [])}`,
		`To: ${people(item.toRecipients)}`,
		...(Array.isArray(item.ccRecipients) && item.ccRecipients.length ? [`Cc: ${people(item.ccRecipients)}`] : []),
		`Date: ${new Date(text(item.sentDateTime) || text(item.receivedDateTime) || 0).toUTCString()}`,
		...(text(item.internetMessageId) ? [`Message-ID: ${text(item.internetMessageId)}`] : []),
		'MIME-Version: 1.0',
		`Content-Type: text/${body.contentType?.toLowerCase() === 'html' ? 'html' : 'plain'}; charset=utf-8`,
		'Content-Transfer-Encoding: base64',
		'',
		Buffer.from(body.content ?? '').toString('base64').replace(/.{76}/g, '$&\r\n'),
		'',
	];
	return Buffer.from(lines.join('\r\n'));
}

/** RFC 2047, in pieces that stay below 75 characters. */
function encodedWord(text: string): string {
	if (/^[\x20-\x7e]*$/.test(text) && text.length < 900) return text;
	const words: string[] = [];
	let piece = '';
	for (const char of text) {
		if (Buffer.byteLength(piece + char) > 42) {
			words.push(piece);
			piece = '';
		}
		piece += char;
	}
	words.push(piece);
	return words.map((word) => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`).join('\r\n ');
}

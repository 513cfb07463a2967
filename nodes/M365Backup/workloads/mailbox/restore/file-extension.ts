const EXTENSIONS: Record<string, string> = {
	'text/plain': '.txt',
	'text/html': '.htm',
	'text/calendar': '.ics',
	'text/csv': '.csv',
	'text/vcard': '.vcf',
	'image/png': '.png',
	'image/jpeg': '.jpg',
	'image/gif': '.gif',
	'image/svg+xml': '.svg',
	'image/webp': '.webp',
	'application/pdf': '.pdf',
	'application/zip': '.zip',
	'application/json': '.json',
	'application/xml': '.xml',
	'application/pkcs7-signature': '.p7s',
	'application/pkcs7-mime': '.p7m',
	'application/pgp-signature': '.asc',
	'message/rfc822': '.eml',
	'message/delivery-status': '.txt',
	'message/global-delivery-status': '.txt',
	'message/disposition-notification': '.txt',
	'message/global-disposition-notification': '.txt',
	'message/feedback-report': '.txt',
	'message/global-headers': '.txt',
	'text/rfc822-headers': '.txt',
};

/** For attachments that came without a name: what Windows will open them with. With the dot. */
export function extensionFor(contentType: string): string {
	return EXTENSIONS[contentType] ?? '.dat';
}

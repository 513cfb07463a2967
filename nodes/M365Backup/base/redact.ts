/** The longest piece of a vendor's text that goes into a message. */
const longestText = 500;
/** What comes behind it would be cut off anyway. */
const longestRead = 8_000;
/** A value that is shorter opens nothing, and would be found in harmless words. */
const shortestHidden = 12;

const hidden = '(hidden)';
/** `=` and `:` as they stand in queries, forms, headers and JSON, also encoded or quoted once more. */
const assigned = String.raw`(?:\\*["'])?\s*(?:=|:|%3D|%3A)\s*(?:\\*["'])?`;
const secretNames = 'authtoken|tempauth|(?:access|refresh|id)_token|client_secret|client_assertion|password|sig|signature|x-amz-signature|x-amz-security-token';

/** In this order: what an earlier one hides a later one no longer sees. */
const rules: readonly [RegExp, string][] = [
	[/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, hidden],
	[/AGE-SECRET-KEY-[0-9A-Z]+/gi, hidden],
	// Name and password in an address, and its query string, where upload and download URLs carry their key.
	[/(https?:\/\/)[^\s/@"'<>]+@/gi, `$1${hidden}@`],
	[/(https?:\/\/[^\s"'<>?]+)\?[^\s"'<>]*/gi, `$1?${hidden}`],
	[/(https?%3A%2F%2F[^\s"'<>&]*?)%3F[^\s"'<>&]*/gi, `$1?${hidden}`],
	[/\b(Bearer|Basic)(\s+|%20|\+)[\w.~+/=%-]{16,}/gi, `$1 ${hidden}`],
	// A JWT, or another token that is JSON in base64.
	[/eyJ(?:[\w-]+\.[\w-]+(?:\.[\w-]*)?|[\w-]{10,})/g, hidden],
	[new RegExp(String.raw`(^|[^a-z\d])(${secretNames})${assigned}[^\s&"'<>,;\\]+`, 'gi'), `$1$2=${hidden}`],
];

/**
 * A text of others that is safe to show, to log and to store: no bearer tokens, JWTs or private keys, no query strings of
 * URLs (pre-authorised upload and download URLs carry their key there), no `name=secret` pairs of the sort that login and
 * upload endpoints use, in any of the usual encodings. At most 500 characters.
 *
 * @param known secrets that the text may repeat as they are, without a name or form that would give them away
 */
export function redact(text: string, known: readonly string[] = []): string {
	let clean = text.length > longestRead ? wholeWords(text.slice(0, longestRead)) : text;
	// The longest first, since one may be part of another.
	for (const secret of [...known].sort((a, b) => b.length - a.length)) {
		if (secret.length < shortestHidden) continue;
		clean = clean.replaceAll(secret, hidden).replaceAll(encodeURIComponent(secret), hidden);
	}
	for (const [pattern, replacement] of rules) clean = clean.replace(pattern, replacement);
	return clean.length > longestText ? `${clean.slice(0, longestText)}…` : clean;
}

/** Without the last word, which may be the beginning of a secret. */
function wholeWords(text: string): string {
	return text.slice(0, Math.max(0, text.lastIndexOf(' ')));
}

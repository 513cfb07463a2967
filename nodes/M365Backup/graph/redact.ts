/** The longest piece of a vendor's text that goes into a message. */
const longestText = 500;

/**
 * A text that is safe to show and to log: no bearer tokens, no JWTs, no query strings of URLs (pre-authorised upload and
 * download URLs carry their key there), no `name=secret` pairs of the sort that login and upload endpoints use.
 */
export function redact(text: string): string {
	const clean = text
		.replace(/(https?:\/\/[^\s"'<>?]+)\?[^\s"'<>]*/gi, '$1?(hidden)')
		.replace(/\bBearer\s+[\w.~+/=-]+/gi, 'Bearer (hidden)')
		.replace(/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g, '(hidden)')
		.replace(/\b(authtoken|tempauth|access_token|client_secret|client_assertion|sig)=[^\s&"'<>]+/gi, '$1=(hidden)');
	return clean.length > longestText ? `${clean.slice(0, longestText)}…` : clean;
}

const REWRITTEN = /\.(?:do[ct][xm]?|xl[st][xmb]?|xlam|pp[st][xm]?|pot[xm]?|vsd[xm]?|one|onetoc2|mpp|pub|pdf|html?|mht|aspx|jpe?g|jfif)$/i;

/**
 * Office, PDF, HTML and JPEG files: SharePoint writes properties of its own into them when it stores them, so that size
 * and checksum tell of other bytes than were sent, or than it serves (onedrive-api-docs #935, docs-contrib #8903,
 * SharePoint/sp-dev-docs #8903).
 */
export function isRewrittenType(name: string): boolean {
	return REWRITTEN.test(name);
}

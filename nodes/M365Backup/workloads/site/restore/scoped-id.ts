/** `list-<guid>/<item id>` taken apart. */
export interface ScopedId {
	kind: 'site' | 'library' | 'list' | 'lists' | 'pages';
	/** Of the list, or of the web for `site`, `lists` and `pages`; lower case. */
	guid: string;
	/** Graph's id, `root` of a container, `site` of a site's own item. */
	id: string;
}

const PATTERN = /^(site|library|lists|list|pages)-([^/]+)\/(.+)$/;

export function scopedId(text: string): ScopedId | undefined {
	const match = PATTERN.exec(text);
	if (!match) return undefined;
	const [, kind, guid = '', id = ''] = match;
	return { kind: kind as ScopedId['kind'], guid: guid.toLowerCase(), id };
}

/** `host,site collection,web` → the last of them; an id that is a GUID alone is that. */
export function webGuid(siteId: string): string {
	return (siteId.split(',').at(-1) ?? siteId).toLowerCase();
}

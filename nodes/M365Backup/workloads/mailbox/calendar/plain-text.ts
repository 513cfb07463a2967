const ENTITY = /&(nbsp|lt|gt|quot|apos|amp|#\d{1,7}|#x[0-9a-f]{1,6});/gi;
/** Elements whose content nobody sees. */
const HIDDEN = new Set(['style', 'script', 'head', 'title']);
/** Elements after which people see a new line. */
const BREAKING = new Set(['br', 'hr', 'p', 'div', 'tr', 'li', 'ul', 'ol', 'table', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote']);

/**
 * HTML as plain text, for where there is no formatting: lines where people see lines. One pass, whatever the markup: its time
 * grows with the length alone.
 */
export function plainText(html: string): string {
	const pieces: string[] = [];
	let at = 0;
	while (at < html.length) {
		const open = html.indexOf('<', at);
		pieces.push(visible(html.slice(at, open < 0 ? html.length : open)));
		if (open < 0) break;
		if (html.startsWith('<!--', open)) {
			const end = html.indexOf('-->', open + 4);
			at = end < 0 ? html.length : end + 3;
			continue;
		}
		const close = html.indexOf('>', open);
		if (close < 0) break;
		const tag = /^<(\/?)([a-z][a-z0-9]*)/i.exec(html.slice(open, Math.min(close, open + 20)));
		const name = tag?.[2]?.toLowerCase() ?? '';
		at = close + 1;
		const isEnd = tag?.[1] === '/';
		if (!isEnd && HIDDEN.has(name)) at = behind(html, name, at);
		else if (name === 'br' || name === 'hr' || (isEnd && BREAKING.has(name))) pieces.push('\n');
	}
	return pieces
		.join('')
		.replace(/ *\n */g, '\n')
		.replace(/\n{3,}/g, '\n\n')
		.trim();
}

/** White space is one space; entities are what they stand for. */
function visible(text: string): string {
	return text.replace(/[\r\n\t ]+/g, ' ').replace(ENTITY, (_all, name: string) => entity(name.toLowerCase()));
}

/** Behind the end tag; where there is none, nothing is left to see. */
function behind(html: string, name: string, from: number): number {
	const end = new RegExp(`</${name}\\s*>`, 'gi');
	end.lastIndex = from;
	return end.exec(html) ? end.lastIndex : html.length;
}

const NAMED: Readonly<Record<string, string>> = { nbsp: ' ', lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function entity(name: string): string {
	const known = NAMED[name];
	if (known !== undefined) return known;
	const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
	return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
}

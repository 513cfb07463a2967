/** Graph's bodyPreview: the first 255 characters of the text. */
export function previewOf(body: { contentType: 'text' | 'html'; content: string }): string {
	const text = body.contentType === 'html' ? textOf(body.content.slice(0, 20_000)) : body.content;
	return text.trim().slice(0, 255);
}

export function textOf(html: string): string {
	return html
		.replace(/<(style|script|head|title)\b[\s\S]*?<\/\1>/gi, '')
		.replace(/<br\s*\/?>|<\/(p|div|tr|li)>/gi, '\r\n')
		.replace(/<[^>]*>/g, '')
		.replace(/&nbsp;/g, ' ')
		.replace(/&lt;/g, '<')
		.replace(/&gt;/g, '>')
		.replace(/&quot;/g, '"')
		.replace(/&amp;/g, '&');
}

/** What Graph takes out of HTML bodies unless `Prefer: outlook.allow-unsafe-html` (a likeness, no security measure). */
export function sanitizeHtml(html: string): string {
	if (!/<script|\son\w+\s*=|javascript:/i.test(html)) return html;
	return html
		.replace(/<script\b[\s\S]*?<\/script\s*>/gi, '')
		.replace(/\son\w+\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi, '')
		.replace(/javascript:/gi, '');
}

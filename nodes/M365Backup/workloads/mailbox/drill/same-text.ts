import { plainText } from '../calendar/plain-text';

/** What a person reads, in one line: Exchange rewrites the markup of whatever it is given. */
export function readText(body: { contentType?: string | null; content?: string | null } | null | undefined): string {
	const content = body?.content ?? '';
	return (body?.contentType === 'text' ? content : plainText(content)).replace(/[\s\u00a0]+/g, ' ').trim();
}

/** `subject was "A", is "B"`, both cut to what fits a line. */
export function difference(what: string, was: string, is: string): string {
	return `${what} was ${shown(was)}, is ${shown(is)}`;
}

const LONGEST = 60;

function shown(text: string): string {
	return text === '' ? 'empty' : `"${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}"`;
}

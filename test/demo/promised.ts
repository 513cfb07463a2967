import { fidelitySections } from '../unit/shipped/fidelity-table';
import type { ItemDifference } from './compare-items';
import type { SeenKind } from './graph-items';

/** Headings of the README's tables. */
export const headingOf: Readonly<Record<SeenKind, string>> = { event: 'Calendars', contact: 'Contacts', task: 'Tasks', setting: 'Mailbox settings' };

/** The rows of the README's table of a kind. */
export function promisesOf(kind: SeenKind): (typeof fidelitySections)[number]['rows'] {
	return promisesUnder(headingOf[kind]);
}

/** The rows of the README's table with this heading. */
export function promisesUnder(heading: string): (typeof fidelitySections)[number]['rows'] {
	const section = fidelitySections.find((one) => one.heading === heading);
	if (section === undefined) throw new Error(`The README has no table “${heading}”`);
	return section.rows;
}

/** What the README promises of a property that Graph serves; undefined if no row is about it. */
export function promiseOf(kind: SeenKind, property: string): 'equal' | 'close' | 'never' | undefined {
	return promisesOf(kind).find(({ graph }) => graph.includes(property))?.result;
}

/** A line for each property that differs although the README promises that it comes back as it was. */
export function unpromised(difference: ItemDifference): string[] {
	const { was, now, properties } = difference;
	return properties
		.filter((property) => !['close', 'never'].includes(promiseOf(was.kind, property) ?? '') && !isInText(difference, property))
		.map((property) => `${was.kind} “${was.name}”: ${property} was ${shown(was.properties[property])}, is ${shown(now?.properties[property])}`);
}

/**
 * Whether what was lost stands in the text of what came back: people's addresses and links of meetings are put there, so
 * the text itself has the old one in it.
 */
export function isInText({ was, now }: ItemDifference, property: string): boolean {
	const text = wordsOf(shown(now?.properties['body']));
	const lost = was.properties[property];
	if (property === 'body') {
		return text.includes(wordsOf(JSON.stringify((lost as { content?: string } | null)?.content ?? '')));
	}
	if (property === 'bodyPreview') {
		return isInText({ was, now } as ItemDifference, 'body');
	}
	const words = [...shown(lost).matchAll(/"(?:address|joinUrl)":"([^"]+)"/g)].map(([, word]) => word ?? '');
	return words.length > 0 && words.every((word) => text.includes(word));
}

function shown(value: unknown): string {
	return JSON.stringify(value ?? null);
}

function wordsOf(json: string): string {
	return json
		.replace(/\\[nrt]/g, ' ')
		.replace(/\\"/g, '"')
		.replace(/<[^>]*>/g, ' ')
		.replaceAll('&amp;', '&')
		.replace(/\s+/g, ' ')
		.replace(/^[" ]+|[" ]+$/g, '');
}

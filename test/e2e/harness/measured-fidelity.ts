import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ItemDifference } from '../../demo/compare-items';
import type { SeenItem } from '../../demo/graph-items';
import { promisesUnder } from '../../demo/promised';

const file = join(__dirname, '../../unit/shipped/measured-files.json');

/** How many items kept a property, or lost it. */
export interface MeasuredProperty {
	property: string;
	equal: number;
	not: number;
}

/** Of items that came back. */
export function measured<Kind extends string>(items: readonly SeenItem<Kind>[], differences: readonly ItemDifference<Kind>[], kind: Kind): MeasuredProperty[] {
	const missing = new Set(differences.filter(({ now }) => now === undefined).map(({ was }) => was));
	const ofKind = items.filter((item) => item.kind === kind && !missing.has(item));
	const back = differences.filter(({ was, now }) => was.kind === kind && now !== undefined);
	const served = new Set(ofKind.flatMap(({ properties }) => Object.keys(properties)));
	return [...served].sort().map((property) => {
		const has = ({ properties }: SeenItem<Kind>): boolean => (properties[property] ?? null) !== null;
		const lost = back.filter(({ was, properties }) => has(was) && properties.includes(property)).length;
		return { property, equal: ofKind.filter(has).length - lost, not: lost };
	});
}

/** Holds what was measured against the README's table with this heading: what is promised comes back, what is denied does not. */
export function expectPromises(heading: string, table: readonly MeasuredProperty[]): void {
	console.log(`${heading}\n${table.map(({ property, equal, not }) => `  ${property}: equal ${equal}, not ${not}`).join('\n')}`);
	const rows = promisesUnder(heading);
	/** A row about `file` is about all its parts. */
	const isAbout = (graph: readonly string[], property: string): boolean => graph.includes(property) || graph.includes(property.split('.')[0] ?? '');
	for (const { property, not } of table) {
		const promise = rows.find(({ graph }) => isAbout(graph, property))?.result;
		expect(promise, `${property} is in no row of the README's table`).toBeDefined();
		if (promise === 'equal') expect([property, not]).toEqual([property, 0]);
	}
	for (const { property: row, graph } of rows.filter(({ result }) => result === 'never')) {
		const about = table.filter(({ property, equal, not }) => isAbout(graph, property) && equal + not > 0);
		if (about.length > 0) expect(about.reduce((sum, { not }) => sum + not, 0), `${row}: comes back although the README says that it does not`).toBeGreaterThan(0);
	}
}

/** Holds it against what the README says was measured. M365_MEASURE=1 takes it over; then: npx tsx test/unit/shipped/update-readme.ts */
export function expectMeasured(heading: string, table: readonly MeasuredProperty[]): void {
	const all = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, string>>;
	const now = Object.fromEntries(table.map(({ property, not }) => [property, not > 0 ? 'not' : 'equal']));
	if (process.env['M365_MEASURE'] === '1') {
		writeFileSync(file, `${JSON.stringify({ ...all, [heading]: now }, null, '\t')}\n`);
		return;
	}
	expect(now, 'M365_MEASURE=1 takes it over, then: npx tsx test/unit/shipped/update-readme.ts').toEqual(all[heading]);
}

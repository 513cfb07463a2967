import { describe, expect, it } from 'vitest';
import { IdFilter } from '../../../nodes/M365Backup/repository/id-filter';

/** Alike in all but a few places, as Graph's ids are. */
const idOf = (serial: number): string => `mail/AAMkAGI2TG93AAAoZQDAAB${serial.toString(36).padStart(8, 'A')}AAAKJmWRAAA=`;

describe('IdFilter', () => {
	it('never denies an id that was added', () => {
		const filter = new IdFilter(5000);
		for (let serial = 0; serial < 5000; serial++) filter.add(idOf(serial));
		for (let serial = 0; serial < 5000; serial++) expect(filter.mayHold(idOf(serial))).toBe(true);
	});

	it('takes hardly any other id for one of them', () => {
		const filter = new IdFilter(5000);
		for (let serial = 0; serial < 5000; serial++) filter.add(idOf(serial));
		let taken = 0;
		for (let serial = 5000; serial < 55_000; serial++) if (filter.mayHold(idOf(serial))) taken++;
		expect(taken).toBeLessThan(50);
	});

	it('is right, if less choosy, with more ids than it was made for', () => {
		const filter = new IdFilter(0);
		for (let serial = 0; serial < 100; serial++) filter.add(idOf(serial));
		for (let serial = 0; serial < 100; serial++) expect(filter.mayHold(idOf(serial))).toBe(true);
	});

	it('holds nothing at first', () => {
		expect(new IdFilter(10).mayHold(idOf(1))).toBe(false);
	});
});

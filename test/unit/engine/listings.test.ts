import { describe, expect, it } from 'vitest';
import { Listings } from '../../../nodes/M365Backup/engine/listings';

const item = (id: string) => ({ id, type: 'message', parent: 'mail/F' });
const news = (state: 'restarted' | 'going' | 'finished', ...seen: string[]) => ({ parent: 'mail/F', type: 'message', state, seen });

describe('listings', () => {
	it('call nothing missing before they are finished', () => {
		const listings = new Listings();
		listings.take(news('restarted'));
		listings.take(news('going', 'a'));
		expect(listings.isMissing(item('b'))).toBe(false);
		listings.take(news('finished', 'c'));
		expect(['a', 'b', 'c'].map((id) => listings.isMissing(item(id)))).toEqual([false, true, false]);
		expect(listings.isMissing({ ...item('b'), parent: 'mail/G' })).toBe(false);
		expect(listings.isMissing({ ...item('b'), type: 'folder' })).toBe(false);
	});

	it('go on in a later run from what was kept', () => {
		const first = new Listings();
		first.take(news('restarted'));
		first.take(news('going', 'a'));
		const kept = [...first.takeUnsaved()];
		const second = new Listings();
		for (const [parent, ids] of kept) for (const id of ids) second.resume(parent, id);
		second.take(news('finished', 'b'));
		expect(['a', 'b', 'c'].map((id) => second.isMissing(item(id)))).toEqual([false, false, true]);
	});

	it('forget what was seen before they began anew, also across runs', () => {
		const first = new Listings();
		first.take(news('restarted'));
		first.take(news('going', 'a'));
		const kept = [...first.takeUnsaved()];
		first.take(news('restarted'));
		first.take(news('going', 'b'));
		kept.push(...first.takeUnsaved());
		const second = new Listings();
		for (const [parent, ids] of kept) for (const id of ids) second.resume(parent, id);
		second.take(news('finished'));
		expect(['a', 'b'].map((id) => second.isMissing(item(id)))).toEqual([true, false]);
	});

	it('that have ended wait for their comparison, also in a later run', () => {
		const listings = new Listings();
		listings.take(news('restarted', 'a'));
		listings.take(news('finished', 'b'));
		const later = new Listings();
		for (const [parent, ids] of listings.takeUnsaved()) for (const id of ids) later.resume(parent, id);
		expect(later.hasFinished).toBe(true);
		expect(later.goesOn).toBe(true);
		expect(later.isMissing({ id: 'x', type: 'message', parent: 'mail/F' })).toBe(true);
		expect(later.isMissing({ id: 'b', type: 'message', parent: 'mail/F' })).toBe(false);
		expect(later.isMissing({ id: 'x', type: 'folder', parent: 'mail/F' })).toBe(false);
		later.forgetFinished();
		expect(later.goesOn).toBe(false);
	});

	it('keep only new ids, and nothing of a listing that was compared', () => {
		const listings = new Listings();
		listings.take(news('restarted'));
		listings.take(news('going', 'a'));
		expect([...listings.takeUnsaved()]).toEqual([['mail/F', ['*', 'a']]]);
		listings.take(news('going', 'a', 'b'));
		expect([...listings.takeUnsaved()]).toEqual([['mail/F', ['b']]]);
		listings.take(news('finished', 'c'));
		listings.forgetFinished();
		expect([...listings.takeUnsaved()]).toEqual([]);
		expect(listings.goesOn).toBe(false);
	});

	it('of a whole scope cover everything in it, whatever its type and parent', () => {
		const listings = new Listings();
		const whole = (state: 'restarted' | 'finished', ...seen: string[]) => ({ parent: 'drive', type: '*', state, seen });
		listings.take(whole('restarted'));
		listings.take(whole('finished', 'drive/a', 'drive/folder'));
		const file = (id: string, parent?: string) => ({ id, type: 'file', ...(parent === undefined ? {} : { parent }) });
		expect(listings.isMissing(file('drive/a'))).toBe(false);
		expect(listings.isMissing(file('drive/b'))).toBe(true);
		expect(listings.isMissing(file('drive/c', 'drive/folder'))).toBe(true);
		expect(listings.isMissing({ id: 'drive/gone', type: 'folder' })).toBe(true);
		expect(listings.isMissing(file('drive2/b'))).toBe(false);
		expect(listings.isMissing(file('library-1/b', 'drive/folder'))).toBe(false);
	});
});

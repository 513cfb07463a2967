import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { onAbort } from '../../../nodes/M365Backup/graph/on-abort';

it('calls every listener once when the signal fires, but none that was taken back', () => {
	const stop = new AbortController();
	const called: string[] = [];
	onAbort(stop.signal, () => called.push('first'));
	const forget = onAbort(stop.signal, () => called.push('forgotten'));
	onAbort(stop.signal, () => called.push('last'));
	forget();
	stop.abort();
	stop.abort();
	expect(called).toEqual(['first', 'last']);
});

it('listens to a signal once, however many do, and no longer than somebody does', () => {
	const { signal } = new AbortController();
	const forget = [1, 2, 3].map(() => onAbort(signal, () => undefined));
	expect(getEventListeners(signal, 'abort')).toHaveLength(1);
	forget.forEach((one) => one());
	forget.forEach((one) => one());
	expect(getEventListeners(signal, 'abort')).toHaveLength(0);
	onAbort(signal, () => undefined);
	expect(getEventListeners(signal, 'abort')).toHaveLength(1);
});

it('lets a listener take another one back while the signal fires', () => {
	const stop = new AbortController();
	const called: string[] = [];
	let forgetOther = (): void => undefined;
	onAbort(stop.signal, () => {
		called.push('one');
		forgetOther();
	});
	forgetOther = onAbort(stop.signal, () => called.push('other'));
	stop.abort();
	expect(called).toEqual(['one']);
});

it('has nothing to do without a signal', () => {
	expect(() => onAbort(undefined, () => undefined)()).not.toThrow();
});

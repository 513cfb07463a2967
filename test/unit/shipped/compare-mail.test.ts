import { describe, expect, it } from 'vitest';
import { compareMail, type SeenMessage } from '../../demo/graph-mail';

/** The demo's verdict rests on this comparison, so it must be able to say no. */
describe('comparing restored mail with what was lost', () => {
	const lost: SeenMessage = {
		id: 'old',
		folder: 'Inbox',
		internetMessageId: '<1@example.com>',
		properties: { subject: 'Report', isRead: true, body: { contentType: 'text', content: 'a' } },
		attachments: [{ name: 'a.txt', content: 'text/plain, attached, 11' }],
		mimeHash: 'ab12',
	};
	const back = (change: Partial<SeenMessage>): SeenMessage => ({ ...lost, id: 'new', ...change });

	it('finds none where only the id differs', () => {
		expect(compareMail([lost], [back({})])).toEqual({ differences: [], withOriginal: [] });
	});

	it.each([
		['is missing', []],
		['is there 2 times', [back({}), back({})]],
		['was in Inbox, is in Archive', [back({ folder: 'Archive' })]],
		['isRead was true, is false', [back({ properties: { ...lost.properties, isRead: false } })]],
		['attachments were [a.txt (text/plain, attached, 11)], are []', [back({ attachments: [] })]],
		['attachments were', [back({ attachments: [...lost.attachments, { name: 'original.eml', content: 'message/rfc822, attached, ff' }] })]],
	])('finds that a message %s', (said, after) => {
		expect(compareMail([lost], after).differences).toEqual([expect.stringContaining(said)]);
	});

	it('accepts another text and attachments only beside the untouched original', () => {
		const original = { name: 'original.eml', content: 'message/rfc822, attached, ab12' };
		const rebuilt = back({ properties: { ...lost.properties, body: null }, attachments: [original] });
		expect(compareMail([lost], [rebuilt])).toEqual({ differences: [], withOriginal: ['“Report”'] });
	});
});

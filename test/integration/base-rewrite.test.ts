import { afterEach, describe, expect, it } from 'vitest';
import { mailboxFixture, plainMail, type MailboxFixture } from '../support/mailbox-fixture';

let fixture: MailboxFixture;
afterEach(() => fixture.stop());

describe('the rewrite of the catalog after 90 days', () => {
	it('happens once, although full volumes of small messages stay as they are', async () => {
		fixture = await mailboxFixture();
		const { mailbox, repository, key } = fixture;
		let serial = 0;
		const receive = (): unknown => mailbox.addMime('inbox', plainMail(`Mail ${serial++}`));
		// More than half of what a volume takes: such a volume is not copied, however few bytes it has.
		while (serial < 1300) receive();
		await fixture.backUp();
		receive();
		await fixture.backUp();
		expect(await repository.snapshots(key)).toHaveLength(2);

		receive();
		await fixture.backUp({ hoursLater: 91 * 24 });
		const snapshots = await repository.snapshots(key);
		expect(snapshots).toHaveLength(4);
		expect(snapshots.at(-1)).toMatchObject({ changes: { added: 0, updated: 0, deleted: 0 }, totals: { items: serial } });

		for (let hour = 1; hour <= 3; hour++) {
			receive();
			// A quiet run in between carries on what is known of the last rewrite.
			await fixture.backUp();
			expect((await fixture.backUp()).status).toBe('unchanged');
			expect(await repository.snapshots(key)).toHaveLength(4 + hour);
		}
		receive();
		await fixture.backUp({ hoursLater: 91 * 24 });
		expect(await repository.snapshots(key)).toHaveLength(9);
		expect(await fixture.messages()).toEqual(await fixture.living());
	});
});

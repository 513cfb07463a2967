import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphCaller } from './graph-caller';
import type { Mailbox } from './mailbox';
import { startSimulator, type RunningSimulator } from './start';

let simulator: RunningSimulator;
let graph: GraphCaller;
let mailbox: Mailbox;
const user = '/users/anna.berg@contoso.example';
const rules = `${user}/mailFolders/inbox/messageRules`;
const categories = `${user}/outlook/masterCategories`;

beforeEach(async () => {
	simulator = await startSimulator({ http: true, users: 0 });
	graph = new GraphCaller(simulator);
	mailbox = simulator.tenant.addUser({ displayName: 'Anna Berg' }).mailbox!;
});
afterEach(() => simulator.stop());

describe('inbox rules', () => {
	it('are created, listed in their order, changed and deleted', async () => {
		const target = mailbox.addFolder('inbox', 'Invoices');
		const first = await graph.post(rules, {
			displayName: 'Invoices',
			sequence: 1,
			isEnabled: false,
			conditions: { subjectContains: ['invoice'] },
			actions: { moveToFolder: target.id, stopProcessingRules: true },
		});
		expect(first).toMatchObject({ status: 201, entity: { displayName: 'Invoices', isEnabled: false, hasError: false, isReadOnly: false } });
		await graph.post(rules, { displayName: 'Before', sequence: 1, isEnabled: false, actions: { forwardTo: [{ emailAddress: { address: 'b@example.com' } }] } });
		const listed = (await graph.get(rules)).json.value;
		expect(listed).toMatchObject([
			{ displayName: 'Before', sequence: 1, actions: { forwardTo: [{ emailAddress: { name: 'b@example.com', address: 'b@example.com' } }] } },
			{ displayName: 'Invoices', sequence: 2 },
		]);
		const one = `${rules}/${encodeURIComponent(listed[1]!.id)}`;
		expect(await graph.call('PATCH', one, { body: { displayName: 'Bills' } })).toMatchObject({ status: 200, entity: { displayName: 'Bills' } });
		expect((await graph.get(one)).entity).toMatchObject({ displayName: 'Bills', actions: { moveToFolder: target.id } });
		expect((await graph.call('DELETE', one)).status).toBe(204);
		expect((await graph.get(one)).status).toBe(404);
		expect(simulator.tenant.outbox).toEqual([]);
	});

	it('that send mail on fill the outbox once they are switched on', async () => {
		const made = await graph.post(rules, { displayName: 'On', isEnabled: false, actions: { redirectTo: [{ emailAddress: { address: 'b@example.com' } }] } });
		expect(simulator.tenant.outbox).toEqual([]);
		await graph.call('PATCH', `${rules}/${encodeURIComponent(made.entity.id)}`, { body: { isEnabled: true } });
		expect(simulator.tenant.outbox).toMatchObject([{ kind: 'forwardingRule', recipients: ['b@example.com'] }]);
	});

	it.each([
		['no action', { displayName: 'x' }],
		['no name', { actions: { delete: true } }],
		['an unknown folder', { displayName: 'x', actions: { moveToFolder: 'AAMkNoSuchFolder' } }],
		['a sequence of 0', { displayName: 'x', sequence: 0, actions: { delete: true } }],
		['an unknown condition', { displayName: 'x', actions: { delete: true }, conditions: { smellsOf: ['spam'] } }],
		['a property of the service', { displayName: 'x', actions: { delete: true }, isReadOnly: false }],
	])('are refused with %s', async (_what, body) => {
		expect((await graph.post(rules, body)).status).toBe(400);
		expect(mailbox.settings.sortedRules()).toEqual([]);
	});

	it('of another program can neither be changed nor deleted', async () => {
		const rule = mailbox.settings.addRule({ displayName: 'Addin', isReadOnly: true, actions: { delete: true } });
		const one = `${rules}/${encodeURIComponent(mailbox.settings.ruleId(rule))}`;
		expect((await graph.call('PATCH', one, { body: { displayName: 'y' } })).status).toBe(400);
		expect((await graph.call('DELETE', one)).status).toBe(400);
	});

	it('need the permission for settings, and may be refused for a mailbox', async () => {
		mailbox.settings.rulesRefusal = 404;
		expect((await graph.get(rules)).status).toBe(404);
		mailbox.settings.rulesRefusal = null;
		simulator.tenant.roles.revoke('MailboxSettings.ReadWrite');
		expect((await graph.get(rules)).status).toBe(200);
		expect((await graph.post(rules, { displayName: 'x', actions: { delete: true } })).status).toBe(403);
		simulator.tenant.roles.revoke('MailboxSettings.Read');
		expect((await graph.get(rules)).status).toBe(403);
	});
});

describe('categories', () => {
	it('are created, recoloured and deleted; a name is there once and stays', async () => {
		const made = await graph.post(categories, { displayName: 'Travel', color: 'preset7' });
		expect(made).toMatchObject({ status: 201, entity: { displayName: 'Travel', color: 'preset7' } });
		expect(await graph.post(categories, { displayName: 'TRAVEL' })).toMatchObject({ status: 409 });
		const one = `${categories}/${made.entity.id}`;
		expect((await graph.call('PATCH', one, { body: { displayName: 'Trips' } })).status).toBe(400);
		expect((await graph.call('PATCH', one, { body: { color: 'preset1' } })).entity).toMatchObject({ color: 'preset1' });
		expect((await graph.call('PATCH', one, { body: { color: 'pink' } })).status).toBe(400);
		expect((await graph.get(categories)).json.value).toMatchObject([{ displayName: 'Travel', color: 'preset1' }]);
		expect((await graph.call('DELETE', one)).status).toBe(204);
		expect((await graph.get(one)).status).toBe(404);
	});
});

describe('mailbox settings', () => {
	it('are read and changed, each by itself', async () => {
		const path = `${user}/mailboxSettings`;
		expect((await graph.get(path)).json).toMatchObject({ userPurpose: 'user', timeZone: 'W. Europe Standard Time', automaticRepliesSetting: { status: 'disabled' } });
		await graph.call('PATCH', path, { body: { timeZone: 'UTC', language: { locale: 'fr-FR' }, workingHours: { startTime: '09:00:00.0000000' } } });
		expect((await graph.get(path)).json).toMatchObject({ timeZone: 'UTC', language: { locale: 'fr-FR' }, workingHours: { startTime: '09:00:00.0000000', endTime: '17:00:00.0000000' } });
		for (const body of [{ userPurpose: 'room' }, { archiveFolder: 'x' }, { smell: 1 }, { workingHours: { daysOfWeek: ['someday'] } }]) {
			expect((await graph.call('PATCH', path, { body })).status).toBe(400);
		}
		expect(simulator.tenant.outbox).toEqual([]);
	});

	it('fill the outbox when automatic replies are switched on', async () => {
		await graph.call('PATCH', `${user}/mailboxSettings`, { body: { automaticRepliesSetting: { status: 'alwaysEnabled', internalReplyMessage: 'Away' } } });
		expect(simulator.tenant.outbox).toMatchObject([{ kind: 'automaticReply' }]);
	});

	it('name times of automatic replies that roll on unless they are scheduled (switch idleReplyTimes)', async () => {
		const start = async (): Promise<unknown> => {
			const { automaticRepliesSetting } = (await graph.get(`${user}/mailboxSettings`)).json as unknown as { automaticRepliesSetting: { scheduledStartDateTime: { dateTime: string } } };
			return automaticRepliesSetting.scheduledStartDateTime.dateTime;
		};
		const before = await start();
		simulator.tenant.clock.advance(3_600_000);
		expect(await start()).not.toBe(before);
		simulator.tenant.switches.idleReplyTimes = 'fixed';
		expect(await start()).toBe('2026-11-22T10:00:00.0000000');
	});

	it('of a shared mailbox work without a licence', async () => {
		const shared = simulator.tenant.addUser({ displayName: 'Info Desk', shared: true });
		expect((await graph.get(`/users/${shared.id}?$select=accountEnabled,assignedLicenses`)).json).toMatchObject({ accountEnabled: false, assignedLicenses: [] });
		expect((await graph.get(`/users/${shared.id}/mailboxSettings`)).json).toMatchObject({ userPurpose: 'shared' });
	});
});

describe('the in-place archive', () => {
	it('is named by the beta endpoint, with the permission for users', async () => {
		const beta = async (): Promise<Response> => fetch(`${simulator.graphUrl}/beta/users/${mailbox.user.id}/settings/exchange`, { headers: { authorization: `Bearer ${simulator.token}` } });
		expect(await (await beta()).json()).toMatchObject({ inPlaceArchiveMailboxId: null });
		mailbox.settings.inPlaceArchiveId = 'MBX:archive@tenant';
		expect(await (await beta()).json()).toMatchObject({ inPlaceArchiveMailboxId: 'MBX:archive@tenant' });
		simulator.tenant.roles.revoke('User.Read.All');
		expect((await beta()).status).toBe(403);
	});
});

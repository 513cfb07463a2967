import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { createGraphClient, type DeltaCursor, type GraphClient } from '../../../nodes/M365Backup/graph/client';
import { checkMicrosoftCredential, type MicrosoftCredential } from '../../../nodes/M365Backup/graph/credential-check';
import { Governor } from '../../../nodes/M365Backup/graph/governor';
import { msalTokens } from '../../../nodes/M365Backup/graph/msal-tokens';
import { readTokenClaims } from '../../../nodes/M365Backup/graph/tokens';
import { findMailbox, listMailboxes } from '../../../nodes/M365Backup/graph/users';
import { startSimulator, type RunningSimulator } from '../../simulator/start';
import { collect, rejection } from './fake-graph';

interface Entity {
	id: string;
}

describe('the Graph room against the simulated tenant', () => {
	let simulator: RunningSimulator;
	let client: GraphClient;

	beforeAll(async () => {
		simulator = await startSimulator({ http: true, users: 2, messages: 60, folders: 3 });
		const { loginUrl, graphUrl, tenantId, clientId, clientSecret } = simulator;
		const tokens = msalTokens({ tenantId, clientId, proof: { kind: 'secret', clientSecret }, endpoints: { loginUrl, graphUrl } });
		client = createGraphClient({ graphUrl, tokens, ambient: realAmbient, governor: new Governor(realAmbient) });
	});
	afterAll(() => simulator.stop());

	it('signs in, finds a mailbox, enumerates its folders and messages, and reads their MIME in batches as singly', async () => {
		const { mailboxes } = await listMailboxes(client, {});
		expect(mailboxes).toHaveLength(2);
		const user = await findMailbox(client, mailboxes[0]!.userPrincipalName);
		const base = `/users/${user.id}`;

		const folders: Entity[] = [];
		let page = await client.delta<Entity>({ kind: 'start', path: `${base}/mailFolders/delta` });
		for (;;) {
			folders.push(...page.items);
			if (page.next === undefined) break;
			page = await client.delta<Entity>({ kind: 'link', url: page.next });
		}
		expect(page.delta).toBeDefined();

		const messages = new Set<string>();
		let cursors: { id: string; cursor: DeltaCursor }[] = folders.map(({ id }) => ({ id, cursor: { kind: 'start', path: `${base}/mailFolders/${id}/messages/delta?$select=id` } }));
		while (cursors.length > 0) {
			const more: typeof cursors = [];
			for await (const answer of client.deltaBatch<Entity>(cursors, { maxPageSize: 20 })) {
				expect(answer.failure).toBeUndefined();
				for (const { id } of answer.page?.items ?? []) messages.add(id);
				if (answer.page?.next !== undefined) more.push({ id: answer.id, cursor: { kind: 'link', url: answer.page.next } });
			}
			cursors = more;
		}
		expect(messages.size).toBeGreaterThanOrEqual(60);

		const ids = [...messages].slice(0, 25);
		const answers = await collect(client.batch(ids.map((id) => ({ id, method: 'GET' as const, path: `${base}/messages/${id}` }))));
		expect(answers.map(({ id }) => id).sort()).toEqual(ids.toSorted());
		expect(answers.every((answer) => 'status' in answer)).toBe(true);
		const { body } = await client.stream({ path: `${base}/messages/${ids[0]!}/$value` });
		expect(Buffer.concat(await collect(body)).toString('latin1')).toMatch(/^[\w-]+:/m);
		expect(simulator.misses).toEqual([]);
		expect(client.clockSkewMs()).toBeLessThan(5_000);
	});

	it('gets over tokens that expire, answers that are cut, and requests in a batch that are refused', async () => {
		const { mailboxes } = await listMailboxes(client, {});
		const path = `/users/${mailboxes[0]!.id}/messages`;
		const { value } = await client.json<{ value: Entity[] }>({ path: `${path}?$top=20&$select=id` });
		const { faults, tokens } = simulator.tenant;
		const before = { ...client.stats };

		tokens.expireAll();
		expect(await client.json<Entity>({ path: `${path}/${value[0]!.id}` })).toMatchObject({ id: value[0]!.id });
		faults.script({ match: 'GET /users/*/messages/*', do: { truncateAtByte: 40, silent: true } });
		expect(await client.json<Entity>({ path: `${path}/${value[1]!.id}` })).toMatchObject({ id: value[1]!.id });
		faults.script({ match: 'GET /users/*/messages/*', times: 3, do: { status: 429, headers: { 'Retry-After': '0' } } });
		const answers = await collect(client.batch(value.map(({ id }) => ({ id, method: 'GET' as const, path: `${path}/${id}` }))));
		expect(answers.filter((answer) => 'status' in answer).map(({ id }) => id).sort()).toEqual(value.map(({ id }) => id).sort());
		faults.script({ match: 'POST /$batch', do: { truncateAtByte: 3_000, silent: true } });
		expect((await collect(client.batch(value.map(({ id }) => ({ id, method: 'GET' as const, path: `${path}/${id}` }))))).every((answer) => 'status' in answer)).toBe(true);
		expect(client.stats.retries - before.retries).toBeGreaterThanOrEqual(5);
	});

	it('says who is unknown, and passes the test of its credential', async () => {
		expect(await rejection(findMailbox(client, 'nobody@nowhere.example'))).toMatchObject({ kind: 'notFound' });
		const { loginUrl, graphUrl, tenantId, clientId, clientSecret } = simulator;
		const credential: MicrosoftCredential = { tenantId, clientId, clientSecret, authentication: 'secret', cloud: 'custom', loginUrl, graphUrl, usedFor: 'backupAndRestore' };
		expect(await checkMicrosoftCredential(credential)).toMatchObject({ status: 'OK' });
		expect(await checkMicrosoftCredential({ ...credential, clientSecret: 'wrong' })).toMatchObject({ status: 'Error', message: expect.stringContaining('client secret') as string });
		expect(await checkMicrosoftCredential({ ...credential, clientId: '00000000-0000-0000-0000-000000000000' })).toMatchObject({ status: 'Error', message: expect.stringContaining('Client ID') as string });
		expect(await checkMicrosoftCredential({ ...credential, tenantId: 'unknown.example' })).toMatchObject({ status: 'Error', message: expect.stringContaining('tenant') as string });
	});
});

it('MSAL and fetch trust a private authority given by NODE_EXTRA_CA_CERTS, and say so when it is missing', async () => {
	const simulator = await startSimulator({ users: 1, messages: 0 });
	try {
		const { loginUrl, graphUrl, tenantId, clientId, clientSecret, caFile } = simulator;
		const script = `
			const { msalTokens } = require('./nodes/M365Backup/graph/msal-tokens.ts');
			msalTokens(${JSON.stringify({ tenantId, clientId, proof: { kind: 'secret', clientSecret }, endpoints: { loginUrl, graphUrl } })})
				.token().then(console.log, (failure) => console.log(failure.kind, failure.nextStep));`;
		const run = async (extra: Record<string, string>): Promise<string> => {
			const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--eval', script], { env: { ...process.env, NODE_EXTRA_CA_CERTS: '', ...extra } });
			return stdout.trim();
		};
		expect(readTokenClaims(await run({ NODE_EXTRA_CA_CERTS: caFile ?? '' })).tenantId).toBe(tenantId);
		expect(await run({})).toMatch(/^invalid .*NODE_EXTRA_CA_CERTS/);
	} finally {
		await simulator.stop();
	}
});

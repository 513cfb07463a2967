import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toFailure, type Failure } from '../../../nodes/M365Backup/base/failure';
import { redact } from '../../../nodes/M365Backup/base/redact';
import { makeAgeKey } from '../../../nodes/M365Backup/stores/encryption/age-key';
import { ECHO_STYLES, echoOf } from '../../simulator/echo';
import { SecretSearch } from '../../support/secret-search';
import { FakeGraph, mailbox, rejection } from '../graph/fake-graph';
import { cpuTimer } from '../../support/cpu-time';

const key = (): string => randomBytes(24).toString('base64url');
const [one, two] = [key(), key()];
const jwt = `${Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url')}.${Buffer.from(JSON.stringify({ key: one })).toString('base64url')}.${two}`;
const search = new SecretSearch([{ kind: 'key', keys: [one, two, jwt.split('.')[1]!] }]);
const shown = (text: string): unknown[] => search.find(Buffer.from(text));

describe('a text of others', () => {
	it.each([
		['a bearer token', `Authorization: Bearer ${one}`],
		['one in JSON', JSON.stringify({ authorization: `Bearer ${one}` })],
		['one in JSON in JSON', JSON.stringify(JSON.stringify({ authorization: `Bearer ${jwt}` }))],
		['one in an address', `x%20Bearer%20${jwt}`],
		['basic authentication', `Proxy-Authorization: Basic ${Buffer.from(`me:${one}`).toString('base64')}`],
		['a JWT alone', `${jwt} is not valid`],
		['a JWT behind an encoded space', `token%20${jwt}`],
		['the first part of a token that is JSON', `v1.${jwt.split('.')[1]}`],
		['the query of an address', `GET https://contoso.sharepoint.com/download.aspx?UniqueId=1&tempauth=v1.${one}&ApiVersion=2.0`],
		['an address without a scheme', `/download.aspx?UniqueId=1&tempauth=v1.${one}`],
		['an encoded address', `from=${encodeURIComponent(`https://x.example/up?authtoken=${one}`)}`],
		['a form', `grant_type=client_credentials&client_secret=${one}&client_assertion=${jwt}`],
		['an encoded form', encodeURIComponent(`client_secret=${one}&client_assertion=${jwt}`)],
		['a form in JSON', JSON.stringify({ client_secret: one, a: { access_token: two } })],
		['a form in JSON in JSON', JSON.stringify(JSON.stringify({ client_secret: one, a: { access_token: two } }))],
		['a signed address', `https://bucket.s3.example/key?X-Amz-Signature=${one}`],
		['a signature', `sig=${one}; x-amz-security-token: ${two}`],
		['name and password in an address', `connect http://backup:${one}@proxy.example:3128 failed`],
		['a private key', `-----BEGIN PRIVATE KEY-----\n${one}\n${two}\n-----END PRIVATE KEY-----`],
		['a private key that is cut off', `-----BEGIN RSA PRIVATE KEY-----\n${one}`],
	])('loses %s', (_name, text) => {
		expect(shown(text)).not.toEqual([]);
		expect(shown(redact(text))).toEqual([]);
		expect(shown(redact(`before ${text} after`))).toEqual([]);
		expect(shown(toFailure(new Error(`Failed to parse ${text}`)).message)).toEqual([]);
	});

	it('loses an encryption key', async () => {
		const { identity } = await makeAgeKey();
		expect(redact(`invalid identity "${identity}"`)).toBe('invalid identity "(hidden)"');
		expect(redact(identity.toLowerCase())).toBe('(hidden)');
	});

	it('loses what is known to be secret, in whatever form', () => {
		expect(redact(`no session ${one} (${encodeURIComponent('a+b/c=d+e/f=g+h')})`, [one, 'a+b/c=d+e/f=g+h'])).toBe('no session (hidden) ((hidden))');
		// What is too short to be a key stays readable.
		expect(redact('the value is true', ['true', ''])).toBe('the value is true');
		expect(redact(`${one}${two} x`, [one, `${one}${two}`])).toBe('(hidden) x');
	});

	it('keeps everything else, up to 500 characters', () => {
		const harmless = 'The mailbox is in the process of being moved (design: bearer of bad news). See https://aka.ms/x, folder "signature", id AAMkAGI2=';
		expect(redact(harmless)).toBe(harmless);
		expect(redact('x '.repeat(600))).toBe(`${'x '.repeat(250)}…`);
	});

	it('takes no time, however large or hostile', () => {
		const spentMs = cpuTimer();
		for (const text of ['https%3A%2F%2F', 'http://a@', 'eyJ', 'https://', '-----BEGIN PRIVATE KEY-----', 'sig= ', `password\\\\\\`, 'x']) redact(text.repeat(100_000));
		expect(spentMs()).toBeLessThan(2_000);
	});
});

describe('a service that repeats the request', () => {
	it.each(ECHO_STYLES)('brings no token into the failure: %s', async (style) => {
		const graph = new FakeGraph((request) => answer(request, style), { tokens: { token: () => Promise.resolve(jwt) } });
		expect(all((await rejection(graph.client.json({ path: `${mailbox}/messages` }))) as Failure)).toEqual([]);
	});

	it.each(ECHO_STYLES)('brings no key of an address into the failure: %s', async (style) => {
		const url = `https://upload.example/s/_api/v2.0/drives/d/items/i/uploadSession?guid='${one}'&tempauth=v1.${two}`;
		const graph = new FakeGraph((request) => answer(request, style));
		expect(all((await rejection(graph.client.uploadStatus(url))) as Failure)).toEqual([]);
		expect(all((await rejection(graph.client.download(url))) as Failure)).toEqual([]);
	});

	function answer(request: { method?: string; url: string; headers: Headers }, style: (typeof ECHO_STYLES)[number]): Response {
		const headers: Record<string, string> = {};
		request.headers.forEach((value, name) => (headers[name] = value));
		const echo = echoOf({ method: 'GET', url: request.url, headers, body: Buffer.from(`client_secret=${one}`) }, style);
		return 'json' in echo ? Response.json(echo.json, { status: 400 }) : new Response(echo.page, { status: 400 });
	}

	function all({ message, title, nextStep, code, stack, cause }: Failure): unknown[] {
		return shown([message, title, nextStep, code, stack, cause instanceof Error ? cause.message : ''].join('\n'));
	}
});

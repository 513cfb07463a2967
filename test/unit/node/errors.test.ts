import { NodeApiError, NodeOperationError, type INode } from 'n8n-workflow';
import { describe, expect, it } from 'vitest';
import { failedItem, sentences, toNodeError } from '../../../nodes/M365Backup/actions/errors';
import { Failure } from '../../../nodes/M365Backup/base/failure';
import { testMicrosoftCredential } from '../../../nodes/M365Backup/connect/credential-test';

const context = { getNode: () => ({ name: 'M365 Backup', type: 'x' }) as INode };
const mapped = (error: unknown, itemIndex?: number): Error & { description?: string | null } => toNodeError.call(context, error, itemIndex);

describe('what a Failure becomes in n8n', () => {
	it("is an API error where Graph answered, with the message, the status and what to do, and nothing of the answer's headers", () => {
		const cause = new Error('Authorization: Bearer abc');
		const error = mapped(new Failure('denied', 'Access is denied', { status: 403, code: 'ErrorAccessDenied', nextStep: 'Grant Mail.Read.', cause }), 2);
		expect(error).toBeInstanceOf(NodeApiError);
		expect(error).toMatchObject({ message: 'Access is denied', description: 'Grant Mail.Read.', httpCode: '403', context: { itemIndex: 2 } });
		expect(JSON.stringify(error)).not.toContain('Bearer');
	});

	it('says plainly what happened to which mailbox, and keeps the technical text for a support case', () => {
		const failure = new Failure('notFound', 'Microsoft Graph answered 404 X to GET /users/1', { status: 404, title: 'This mailbox is gone', nextStep: 'Take it off the list' });
		const description = 'Take it off the list. Microsoft Graph answered 404 X to GET /users/1.';
		expect(toNodeError.call(context, failure, 0, 'adele@contoso.com')).toMatchObject({ message: 'adele@contoso.com is gone', description });
		expect(mapped(failure)).toMatchObject({ message: 'This mailbox is gone', description });
		expect(failedItem(failure, 0, { name: 'adele@contoso.com' }).json).toMatchObject({
			error: 'This mailbox is gone',
			message: 'adele@contoso.com is gone. Take it off the list.',
			details: { technical: 'Microsoft Graph answered 404 X to GET /users/1' },
		});
	});

	it.each([
		new Failure('invalid', 'The folder is no folder', { nextStep: 'Choose another.' }),
		new Failure('corrupt', 'The archive is damaged', { nextStep: 'Import it from a copy.' }),
		new Failure('denied', 'n8n may not write there', { nextStep: 'Choose another.' }),
	])('is an operation error where the cause lies here: $message', (failure) => {
		const error = mapped(failure);
		expect(error).toBeInstanceOf(NodeOperationError);
		expect(error).toMatchObject({ message: failure.message, description: failure.nextStep });
	});

	it('always says what to do, also for what nobody foresaw', () => {
		expect(mapped(new Error('x is not a function')).description).toContain('report it');
		expect(mapped(new Failure('transient', 'Graph is not there')).description).toContain('Try again later');
		expect(mapped('text')).toMatchObject({ message: 'text' });
	});

	it("leaves n8n's own errors as they are", () => {
		const own = new NodeOperationError(context.getNode(), 'No credentials', { description: 'Set them.' });
		expect(mapped(own)).toBe(own);
		expect(failedItem(own, 1)).toEqual({
			json: { error: 'No credentials', message: 'No credentials. Set them.', details: { kind: 'invalid', nextStep: 'Set them.' } },
			pairedItem: { item: 1 },
		});
	});

	it('joins sentences that may or may not end with a full stop', () => {
		expect(sentences('One.', undefined, '', 'Two')).toBe('One. Two.');
		expect(sentences('One.')).toBe('One');
	});
});

describe('the test of the credential', () => {
	const test = async (data: object | undefined) => testMicrosoftCredential.call({} as never, { id: '1', name: 'x', type: 'y', data } as never);

	it.each([
		['a tenant that is none', { tenantId: 'https://evil.example/?', clientId: '11111111-2222-3333-4444-555555555555', authentication: 'secret', clientSecret: 's', cloud: 'global' }, 'Tenant ID'],
		['a client id that is none', { tenantId: 'contoso.onmicrosoft.com', clientId: 'me', authentication: 'secret', clientSecret: 's', cloud: 'global' }, 'Client ID'],
		['nothing', undefined, 'Open the credential'],
	])('refuses %s with a reason, sending nothing', async (_name, data, message) => {
		expect(await test(data)).toMatchObject({ status: 'Error', message: expect.stringContaining(message) as string });
	});
});

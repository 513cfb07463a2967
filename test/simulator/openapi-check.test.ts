import { describe, expect, it } from 'vitest';
import { checkRecord, type RecordedCall } from './openapi-check';
import { OpenApiDocument } from './openapi-document';

const message = { type: 'object', properties: { id: { type: 'string' }, isRead: { type: 'boolean', nullable: true }, receivedDateTime: { type: 'string', format: 'date-time', nullable: true } } };
const json = (schema: object): object => ({ content: { 'application/json': { schema } } });
const document = new OpenApiDocument({
	paths: {
		'/users/{user-id}/messages/{message-id}': { get: { responses: { '2XX': json({ $ref: '#/components/schemas/message' }) } } },
		'/users/{user-id}/mailFolders/{mailFolder-id}/messages/delta()': {
			get: { responses: { '2XX': json({ allOf: [{ type: 'object', properties: { '@odata.deltaLink': { type: 'string' } } }, { type: 'object', properties: { value: { type: 'array', items: { $ref: '#/components/schemas/message' } } } }] }) } },
		},
	},
	components: { schemas: { message, 'microsoft.graph.eventMessage': { type: 'object', properties: { ...message.properties, meetingMessageType: { type: 'string' } } } } },
});

async function deviations(call: Partial<RecordedCall> & { url: string }): Promise<string[]> {
	const result = await checkRecord(document, [{ method: 'GET', status: 200, requestBody: null, responseBody: null, ...call, url: `https://graph.example/v1.0${call.url}` }]);
	return [...result.unexplained.keys()];
}

describe('the check against a description of Graph', () => {
	it('finds nothing in calls as described, functions and key syntax included', async () => {
		expect(await deviations({ url: '/users/a/messages/b', responseBody: { '@odata.etag': 'x', id: 'b', isRead: null, receivedDateTime: '2026-01-01T00:00:00Z' } })).toEqual([]);
		expect(await deviations({ url: "/users('a')/mailFolders('b')/messages/delta?$skiptoken=x", responseBody: { value: [{ id: 'x' }] } })).toEqual([]);
		expect(await deviations({ url: '/users/a/messages/b', responseBody: { '@odata.type': '#microsoft.graph.eventMessage', id: 'b', meetingMessageType: 'x' } })).toEqual([]);
	});

	it('names paths, methods, properties and types that are not as described', async () => {
		expect(await deviations({ url: '/users/a/nonsense' })).toEqual(['path: request GET /users/a/nonsense is not described']);
		expect(await deviations({ url: '/users/a/messages/b', method: 'PUT' })).toEqual(['method: request PUT /users/{user-id}/messages/{message-id} is not described']);
		expect(await deviations({ url: '/users/a/messages/b', responseBody: { id: 'b', wellKnownName: 'x' } })).toEqual(['property: response 200 GET /users/{user-id}/messages/{message-id}.wellKnownName is not described']);
		expect(await deviations({ url: '/users/a/mailFolders/b/messages/delta', responseBody: { value: [{ id: 'b', isRead: 'yes' }] } })).toHaveLength(1);
	});

	it('looks inside batches', async () => {
		const batch = { url: '/$batch', method: 'POST', requestBody: { requests: [{ id: '1', method: 'GET', url: '/users/a/nothing' }] }, responseBody: { responses: [{ id: '1', status: 404, body: {} }] } };
		expect(await deviations(batch)).toEqual(['path: request GET /users/a/nothing is not described']);
	});
});

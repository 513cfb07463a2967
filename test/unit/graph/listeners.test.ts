import { getEventListeners } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { realAmbient } from '../../../nodes/M365Backup/base/ambient';
import { createGraphClient } from '../../../nodes/M365Backup/graph/client';
import { Governor } from '../../../nodes/M365Backup/graph/governor';
import { fixedToken } from '../../../nodes/M365Backup/graph/tokens';

let server: Server;
afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())));

it("leaves no listener on a run's signal once an answer is read, refused or abandoned", async () => {
	server = createServer((request, response) => {
		response.statusCode = request.url?.includes('missing') ? 404 : 200;
		response.end(request.url?.includes('large') ? 'x'.repeat(1_000_000) : '{"error":{"code":"ErrorItemNotFound"}}');
	}).listen(0, '127.0.0.1');
	await new Promise((resolve) => server.once('listening', resolve));
	const graph = createGraphClient({
		graphUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		tokens: fixedToken('t'),
		ambient: realAmbient,
		governor: new Governor(realAmbient),
	});
	const { signal } = new AbortController();
	for (let call = 0; call < 20; call++) {
		await graph.json({ path: '/users/u/messages/m', signal });
		await graph.json({ path: '/users/u/messages/missing', signal }).catch(() => undefined);
		const read = await graph.stream({ path: '/users/u/messages/large/$value', signal });
		for await (const _chunk of read.body);
		const abandoned = await graph.stream({ path: '/users/u/messages/large/$value', signal });
		await abandoned.body[Symbol.asyncIterator]().return?.();
	}
	expect(getEventListeners(signal, 'abort')).toHaveLength(0);
	server.closeAllConnections();
});

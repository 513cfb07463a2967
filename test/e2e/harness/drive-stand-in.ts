import { createHash, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface DriveFile {
	id: string;
	name: string;
	content: Buffer;
}

interface Answer {
	status: number;
	json?: unknown;
	bytes?: Buffer;
	headers?: Record<string, string>;
}

/**
 * What n8n's Google Drive node asks of Google, and no more: it was written from what that node sends, not from Google's
 * behaviour, and proves that node and workflow fit together, nothing about Google. Files have ids; two may have one name.
 */
export class DriveStandIn {
	static readonly hosts = ['www.googleapis.com', 'oauth2.googleapis.com'];
	readonly files = new Map<string, DriveFile>();
	/** `METHOD path` of every request, in order. */
	readonly seen: string[] = [];
	private readonly uploads = new Map<string, Buffer[]>();
	private faults: { url: RegExp; status: number }[] = [];

	private constructor(private readonly server: Server) {}

	static async start(tls: { key: string; cert: string }): Promise<DriveStandIn> {
		const server = createServer(tls);
		const drive = new DriveStandIn(server);
		server.on('request', (request: IncomingMessage, response: ServerResponse) => void drive.serve(request, response));
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return drive;
	}

	get port(): number {
		return (this.server.address() as AddressInfo).port;
	}

	/** The next request like that (`METHOD path?query`) is answered so. */
	fail(url: RegExp, status: number): void {
		this.faults.push({ url, status });
	}

	held(): Map<string, string> {
		return new Map([...this.files.values()].map(({ name, content }) => [name, createHash('sha256').update(content).digest('hex')]));
	}

	async stop(): Promise<void> {
		this.server.closeAllConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}

	private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		const said = `${request.method ?? ''} ${request.url ?? ''}`;
		this.seen.push(said);
		const fault = this.faults.find(({ url }) => url.test(said));
		this.faults = this.faults.filter((one) => one !== fault);
		const url = new URL(request.url ?? '/', 'https://www.googleapis.com');
		const failed = { error: { code: fault?.status, message: 'scripted' } };
		const answer = fault ? { status: fault.status, json: failed } : this.answer(request.method ?? '', url, Buffer.concat(chunks), request.headers['content-range']);
		const { status, json, bytes, headers } = answer;
		response.writeHead(status, { 'content-type': bytes ? 'application/octet-stream' : 'application/json', ...headers });
		response.end(bytes ?? (json === undefined ? '' : JSON.stringify(json)));
	}

	private answer(method: string, url: URL, body: Buffer, range: string | undefined): Answer {
		if (url.pathname === '/token') return { status: 200, json: { access_token: 'loopback', token_type: 'Bearer', expires_in: 3600 } };
		if (url.pathname.startsWith('/upload/')) return method === 'PUT' ? this.takeChunk(url, body, range) : this.startUpload(body);
		const [id] = /(?<=\/drive\/v3\/files\/)[^/]+/.exec(url.pathname) ?? [];
		if (id === undefined) return { status: 200, json: { files: [...this.files.values()].map((file) => ({ id: file.id, name: file.name })) } };
		const file = this.files.get(id);
		if (file === undefined) return { status: 404, json: { error: { code: 404, message: `File not found: ${id}.`, errors: [{ message: `File not found: ${id}.`, reason: 'notFound' }] } } };
		if (method === 'DELETE') {
			this.files.delete(id);
			return { status: 204 };
		}
		if (method === 'PATCH') file.name = (JSON.parse(body.toString()) as { name?: string }).name ?? file.name;
		return url.searchParams.get('alt') === 'media'
			? { status: 200, bytes: file.content }
			: { status: 200, json: { kind: 'drive#file', id, name: file.name, mimeType: 'application/octet-stream' } };
	}

	private startUpload(metadata: Buffer): Answer {
		const { name } = JSON.parse(metadata.toString()) as { name: string };
		const id = randomUUID();
		this.uploads.set(id, []);
		return { status: 200, headers: { location: `https://www.googleapis.com/upload/drive/v3/files?upload_id=${id}&name=${encodeURIComponent(name)}` } };
	}

	private takeChunk(url: URL, body: Buffer, range = ''): Answer {
		const upload = url.searchParams.get('upload_id') ?? '';
		const chunks = this.uploads.get(upload) ?? [];
		chunks.push(body);
		const [, end, total] = /-(\d+)\/(\d+)$/.exec(range) ?? [];
		if (Number(end) + 1 < Number(total)) return { status: 308, headers: { range: `bytes=0-${end}` } };
		const id = `id_${randomUUID()}`;
		this.files.set(id, { id, name: url.searchParams.get('name') ?? '', content: Buffer.concat(chunks) });
		return { status: 200, json: { kind: 'drive#file', id } };
	}
}

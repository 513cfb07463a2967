import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

interface Page {
	value: Record<string, unknown>[];
	'@odata.nextLink'?: string;
}

/** Graph as an outsider sees it: the check must not share code with what it checks. */
export class GraphReader {
	private readonly ca: string | undefined;

	constructor(
		private readonly graphUrl: string,
		private readonly token: string,
		caFile?: string,
	) {
		this.ca = caFile === undefined ? undefined : readFileSync(caFile, 'utf8');
	}

	/** All pages of a list. */
	async list(path: string): Promise<Record<string, unknown>[]> {
		const all: Record<string, unknown>[] = [];
		for (let next: string | undefined = path; next !== undefined; ) {
			const page = JSON.parse((await this.send('GET', next)).toString('utf8')) as Page;
			all.push(...page.value);
			next = page['@odata.nextLink'];
		}
		return all;
	}

	async json(path: string): Promise<Record<string, unknown>> {
		return JSON.parse((await this.send('GET', path)).toString('utf8')) as Record<string, unknown>;
	}

	/** The body of any answer of 200 to 299; null for 404. Throws for everything else. */
	async bytes(path: string): Promise<Buffer | null> {
		const { status, body } = await this.ask('GET', path);
		if (status === 404) {
			return null;
		}
		return this.checked('GET', path, status, body);
	}

	async send(method: string, pathOrUrl: string, body?: unknown): Promise<Buffer> {
		const answer = await this.ask(method, pathOrUrl, body);
		return this.checked(method, pathOrUrl, answer.status, answer.body);
	}

	private checked(method: string, path: string, status: number, body: Buffer): Buffer {
		if (status >= 200 && status < 300) {
			return body;
		}
		throw new Error(`The simulated tenant answered ${status} to ${method} ${path}: ${body.toString('utf8').slice(0, 500)}`);
	}

	private async ask(method: string, pathOrUrl: string, body?: unknown): Promise<{ status: number; body: Buffer }> {
		const url = new URL(pathOrUrl.startsWith('http') ? pathOrUrl : `${this.graphUrl}/v1.0${pathOrUrl}`);
		const open = url.protocol === 'https:' ? httpsRequest : httpRequest;
		return new Promise((resolve, reject) => {
			const request = open(
				url,
				{
					method,
					...(this.ca === undefined ? {} : { ca: this.ca }),
					headers: {
						authorization: `Bearer ${this.token}`,
						prefer: 'IdType="ImmutableId"',
						...(body === undefined ? {} : { 'content-type': 'application/json' }),
					},
				},
				(response) => {
					const parts: Buffer[] = [];
					response.on('data', (part: Buffer) => parts.push(part));
					response.once('error', reject);
					response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) }));
				},
			);
			request.once('error', reject);
			request.end(body === undefined ? undefined : JSON.stringify(body));
		});
	}
}

import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';

export interface SeenLease {
	key: string;
	source: string;
	number: number;
	/** The machine that holds it, or held it last. */
	host: string;
	until: string;
	isHeld: boolean;
}

/** The leases of a repository in a bucket, as somebody sees them who looks into it. */
export class BucketLeases {
	constructor(
		private readonly client: S3Client,
		private readonly bucket: string,
	) {}

	async all(): Promise<SeenLease[]> {
		const keys = (await this.keys()).filter((key) => /\/lease-\d+\.json$/.test(key));
		const read = await Promise.all(keys.map((key) => this.read(key)));
		return read.filter((lease) => lease !== undefined);
	}

	async heldBy(host: string): Promise<SeenLease[]> {
		return (await this.all()).filter((lease) => lease.isHeld && lease.host === host);
	}

	/** As if the quarter of an hour were over that a lease lasts. */
	async runOut({ key }: SeenLease): Promise<void> {
		const content = JSON.parse(await this.text(key)) as Record<string, unknown>;
		const Body = JSON.stringify({ ...content, until: new Date(Date.now() - 1000).toISOString() });
		await this.client.send(new PutObjectCommand({ Bucket: this.bucket, Key: key, Body }));
	}

	async keys(): Promise<string[]> {
		const keys: string[] = [];
		for (let token: string | undefined, isFirst = true; isFirst || token !== undefined; isFirst = false) {
			const page = await this.client.send(new ListObjectsV2Command({ Bucket: this.bucket, ...(token !== undefined && { ContinuationToken: token }) }));
			keys.push(...(page.Contents ?? []).map(({ Key }) => String(Key)));
			token = page.NextContinuationToken;
		}
		return keys;
	}

	async text(key: string): Promise<string> {
		const { Body } = await this.client.send(new GetObjectCommand({ Bucket: this.bucket, Key: key }));
		return (await Body?.transformToString()) ?? '';
	}

	/** Undefined: replaced between the listing and the reading. */
	private async read(key: string): Promise<SeenLease | undefined> {
		try {
			const { host, until } = JSON.parse(await this.text(key)) as { host: string; until: string };
			const [, source = '', number = ''] = /([^/]+)\/lease-(\d+)\.json$/.exec(key) ?? [];
			return { key, source, number: Number(number), host, until, isHeld: Date.parse(until) > Date.now() };
		} catch (error) {
			if (error instanceof Error && error.name === 'NoSuchKey') return undefined;
			throw error;
		}
	}
}

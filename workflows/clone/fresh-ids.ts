import { createHash } from 'node:crypto';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/**
 * Ids for one customer: the same seed gives the same ids, so that cloning again replaces the workflows in n8n instead of
 * doubling them. Another seed gives ids that have nothing in common with these, and cannot be guessed from them.
 */
export class FreshIds {
	constructor(private readonly seed: string) {}

	/** 16 letters and digits, as n8n gives them to workflows. */
	workflow(shippedId: string): string {
		return [...this.digest('workflow', shippedId).subarray(0, 16)].map((byte) => letters.charAt(byte % letters.length)).join('');
	}

	/** A UUID for a node, or for its webhook. */
	uuid(kind: 'node' | 'webhook', workflowId: string, shippedId: string): string {
		const bytes = this.digest(kind, workflowId, shippedId).subarray(0, 16);
		bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
		bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
		return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
	}

	private digest(...parts: string[]): Buffer {
		return createHash('sha256').update(JSON.stringify([this.seed, ...parts])).digest();
	}
}

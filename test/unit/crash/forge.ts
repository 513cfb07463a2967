import { gzipSync } from 'node:zlib';
import { GZIP_HEADER, sha256 } from '../../../nodes/M365Backup/repository/bytes';
import { recordName } from '../../../nodes/M365Backup/repository/names';
import type { SnapshotRecord } from '../../../nodes/M365Backup/repository/records';
import { Repository } from '../../../nodes/M365Backup/repository/repository';
import { sealJson } from '../../../nodes/M365Backup/repository/sealed-json';
import { bytesOf } from '../repository/fixtures';
import { KEY, type World } from './crash-world';

/** One gzip member, as this format has it. */
export function member(text: string | Buffer): Buffer {
	const known = typeof text === 'string' ? undefined : large.get(text);
	if (known) return known;
	const packed = gzipSync(text, { level: 1 });
	GZIP_HEADER.copy(packed);
	if (typeof text !== 'string') large.set(text, packed);
	return packed;
}

/** Packing takes long; the same bombs are thrown again and again. */
const large = new WeakMap<Buffer, Buffer>();

export interface Forgery {
	/** Members of the segment: their texts, and the first id that the index says. */
	members?: { first: string; text: string | Buffer }[];
	/** In place of the index that would be right. */
	index?: (right: string) => string | Buffer;
	/** In place of the record that would be right. */
	record?: (right: SnapshotRecord) => object;
	/** Archives that the index lists. */
	archives?: { name: string; size: number; sha256: string }[];
}

/** Puts a snapshot over the newest one whose every hash is right, whatever it says. */
export async function forge({ store, ambient }: World, forgery: Forgery): Promise<SnapshotRecord> {
	const newest = (await (await Repository.open(store, ambient)).latest(KEY))!;
	const id = newest.id.replace(/^\d{8}/, '20270101');
	const name = `${id}.segment-0001.ndjson.gz`;
	const members = (forgery.members ?? []).map(({ first, text }) => ({ first, bytes: member(text) }));
	const lines: string[] = [];
	let offset = 0;
	for (const { first, bytes } of members) {
		lines.push(JSON.stringify({ member: { first, offset, length: bytes.length, sha256: sha256(bytes) } }));
		offset += bytes.length;
	}
	const archives = forgery.archives ?? newest.archives;
	for (const archive of archives) lines.push(JSON.stringify({ archive }));
	const right = `${[JSON.stringify({ index: 1, members: members.length, archives: archives.length }), ...lines].join('\n')}\n`;
	const index = member(forgery.index ? forgery.index(right) : right);
	const bytes = Buffer.concat([...members.map((one) => one.bytes), index]);
	const record: SnapshotRecord = {
		...newest,
		id,
		parent: null,
		archives: [],
		segments: [{ name, size: bytes.length, sha256: sha256(bytes), lines: 1, index: { offset, length: index.length, sha256: sha256(index) } }],
	};
	await store.put(`${KEY}/${name}`, bytesOf(bytes));
	const forged = forgery.record ? forgery.record(record) : record;
	await store.put(`${KEY}/${recordName(id, 'snapshot')}`, bytesOf(sealJson(forged)));
	return record;
}

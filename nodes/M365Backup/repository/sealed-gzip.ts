import { createHash } from 'node:crypto';
import { damagedFile, GZIP_HEADER, pack, unpackBytes } from './bytes';
import { MAX_MEMBER_BYTES } from './limits';

/**
 * gzip members for files whose size and hash no record names. Their header carries, in an extra field that every gzip
 * reader skips (RFC 1952, 2.3.1.1), the member's whole length and the SHA-256 of its bytes with zeros in that hash's
 * place: so each bit counts, also those that unpacking ignores.
 */
const FLAG_EXTRA = 4;
const FLAGS_AT = 3;
const HASH_BYTES = 32;
/** Subfield `M3`: 4 bytes of length, little endian, and the hash. */
const SUBFIELD_BYTES = 4 + HASH_BYTES;
const EXTRA_AT = GZIP_HEADER.length;
const LENGTH_AT = EXTRA_AT + 6;
const HASH_AT = LENGTH_AT + 4;
const HEADER_BYTES = HASH_AT + HASH_BYTES;

const SEALED_HEADER = Buffer.alloc(LENGTH_AT);
GZIP_HEADER.copy(SEALED_HEADER);
SEALED_HEADER[FLAGS_AT] = FLAG_EXTRA;
SEALED_HEADER.writeUInt16LE(4 + SUBFIELD_BYTES, EXTRA_AT);
SEALED_HEADER.write('M3', EXTRA_AT + 2, 'latin1');
SEALED_HEADER.writeUInt16LE(SUBFIELD_BYTES, EXTRA_AT + 4);

export async function packSealed(text: string | Buffer): Promise<Buffer> {
	const packed = await pack(text);
	const member = Buffer.concat([SEALED_HEADER, Buffer.alloc(4 + HASH_BYTES), packed.subarray(GZIP_HEADER.length)]);
	member.writeUInt32LE(member.length, LENGTH_AT);
	digest(member).copy(member, HASH_AT);
	return member;
}

/** The bytes in each member, one after the other, each proven before it is unpacked. Throws `corrupt`. */
export async function* openSealedMembers(content: AsyncIterable<Uint8Array>, maxMemberText: number, key: string): AsyncGenerator<Buffer> {
	let waiting: Buffer[] = [];
	let bytes = 0;
	let needed = HEADER_BYTES;
	for await (const chunk of content) {
		waiting.push(Buffer.from(chunk));
		bytes += chunk.length;
		while (bytes >= needed) {
			const joined = Buffer.concat(waiting);
			const length = memberLength(joined, key);
			if (joined.length < length) {
				waiting = [joined];
				needed = length;
				break;
			}
			yield await openMember(joined.subarray(0, length), maxMemberText, key);
			const rest = joined.subarray(length);
			waiting = [rest];
			bytes = rest.length;
			needed = HEADER_BYTES;
		}
	}
	if (bytes > 0) throw damagedFile(key, 'it is cut off');
}

function memberLength(bytes: Buffer, key: string): number {
	if (!SEALED_HEADER.equals(bytes.subarray(0, LENGTH_AT))) throw damagedFile(key, 'it does not begin as a sealed gzip member');
	const length = bytes.readUInt32LE(LENGTH_AT);
	if (length < HEADER_BYTES || length > MAX_MEMBER_BYTES) throw damagedFile(key, 'a member has an impossible length');
	return length;
}

async function openMember(member: Buffer, maxText: number, key: string): Promise<Buffer> {
	const plain = Buffer.from(member);
	plain.fill(0, HASH_AT, HEADER_BYTES);
	if (!digest(plain).equals(member.subarray(HASH_AT, HEADER_BYTES))) throw damagedFile(key, 'its check sum is wrong');
	return await unpackBytes(Buffer.concat([GZIP_HEADER, member.subarray(HEADER_BYTES)]), maxText, key);
}

function digest(bytes: Buffer): Buffer {
	return createHash('sha256').update(bytes).digest();
}

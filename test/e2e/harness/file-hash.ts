import { createHash } from 'node:crypto';
import type { Drive } from '../../simulator/drive-store';

const pieceBytes = 4 * 1024 * 1024;

/** SHA-256 of the bytes that a simulated drive has of a file. */
export function fileHash(drive: Drive, id: string): string {
	const content = drive.item(id).content;
	if (!content) throw new Error(`${id} is no file`);
	const hash = createHash('sha256');
	for (let offset = 0; offset < content.sizeBytes; offset += pieceBytes) hash.update(content.read(offset, pieceBytes));
	return hash.digest('hex');
}

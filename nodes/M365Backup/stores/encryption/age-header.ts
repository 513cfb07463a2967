import { Decrypter, Encrypter } from 'age-encryption';
import { Failure } from '../../base/failure';
import type { AgeKey } from './age-key';

/** More than the headers that we write (two recipients: 300 bytes); what is longer is not ours. */
export const MOST_HEADER_BYTES = 4096;

const INTRO = 'age-encryption.org/v1\n';
const MAC_LINE = '\n---';

/** A fresh header for these recipients, and the file key that it holds for them. */
export async function makeHeader(key: AgeKey): Promise<{ header: Buffer; fileKey: Uint8Array }> {
	const encrypter = new Encrypter();
	for (const recipient of key.recipients) encrypter.addRecipient(recipient);
	// The library makes header and payload together; of an empty file the header is what is of use.
	const file = Buffer.from(await encrypter.encrypt(new Uint8Array()));
	const header = file.subarray(0, headerLength(file) ?? 0);
	return { header, fileKey: await openHeader(header, key.identity, 'a new file') };
}

/** How long the header is that these bytes begin with; undefined if its end is not among them. */
export function headerLength(bytes: Buffer): number | undefined {
	const macLine = bytes.indexOf(MAC_LINE);
	if (macLine < 0) return undefined;
	const end = bytes.indexOf('\n', macLine + 1);
	return end < 0 ? undefined : end + 1;
}

/** Whether these first bytes of a file can be an age header. */
export function beginsAsAge(bytes: Buffer): boolean {
	const length = Math.min(bytes.length, INTRO.length);
	return bytes.toString('latin1', 0, length) === INTRO.slice(0, length);
}

/** The file key. Failures: `corrupt` (no header, or changed), `denied` with code `wrongKey` (made for other keys). */
export async function openHeader(header: Buffer, identity: string, where: string): Promise<Uint8Array> {
	const decrypter = new Decrypter();
	decrypter.addIdentity(identity);
	try {
		return await decrypter.decryptHeader(header);
	} catch (error) {
		const text = error instanceof Error ? error.message : '';
		if (/no identity matched/i.test(text)) {
			throw new Failure('denied', `${where} is encrypted for another key`, {
				code: 'wrongKey',
				nextStep: 'Choose the encryption credential with the key that this repository was made with.',
			});
		}
		throw new Failure('corrupt', `${where} is damaged: its encryption header is not as it was written`, { code: 'damagedFile' });
	}
}

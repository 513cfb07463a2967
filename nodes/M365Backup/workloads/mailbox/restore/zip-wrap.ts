import { ZipArchive } from 'archiver';

/** Longest comment that a ZIP file can have. */
const COMMENT_LIMIT = 65_535;

/** The ZIP format knows no earlier time; the file's own is not in a message. */
const NO_TIME = new Date(1980, 0, 1);

/**
 * A ZIP file with one file in it, stored as it is, and with a comment that is long enough to make it at least
 * `atLeastBytes` long, as far as the format can. The same bytes in the same time zone for the same file.
 */
export async function zipWrap(name: string, bytes: Buffer, atLeastBytes: number): Promise<Buffer> {
	const missing = Math.max(0, atLeastBytes - bytes.length);
	const zip = new ZipArchive({ store: true, comment: ' '.repeat(Math.min(missing, COMMENT_LIMIT)) });
	// No name may lead out of the folder into which somebody unpacks it.
	zip.append(bytes, { name: name.replace(/[\\/:]/g, '_').replace(/^\.+$/, '_'), date: NO_TIME });
	const finished = zip.finalize();
	const chunks: Uint8Array[] = [];
	for await (const chunk of zip) chunks.push(chunk as Uint8Array);
	await finished;
	return Buffer.concat(chunks);
}

import { buffer } from 'node:stream/consumers';
import { fromBuffer, type Entry, type ZipFile } from 'yauzl';

/** What any ZIP program would find, by path. */
export async function unzip(bytes: Buffer): Promise<Map<string, Buffer>> {
	const zip = await new Promise<ZipFile>((resolve, reject) => {
		fromBuffer(bytes, { lazyEntries: true }, (error, file) => (error ? reject(error) : resolve(file)));
	});
	const files = new Map<string, Buffer>();
	await new Promise<void>((resolve, reject) => {
		zip.on('error', reject).on('end', resolve);
		zip.on('entry', (entry: Entry) => {
			zip.openReadStream(entry, (error, stream) => {
				if (error) { reject(error); return; }
				buffer(stream).then((content) => {
					files.set(entry.fileName, content);
					zip.readEntry();
				}, reject);
			});
		});
		zip.readEntry();
	});
	return files;
}

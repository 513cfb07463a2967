import { GeneratedContent } from './drive-content';
import type { DriveNode } from './drive-node';
import type { Drive } from './drive-store';
import { SeededRandom } from './seeded-random';
import { sentence } from './word-stock';

const FOLDERS = ['Projects', 'Customers', 'Invoices 2026', 'Größe & Maß', '100% done', 'C# notes', '日本', 'Archive', "O'Brien", 'Travel+Expenses'];
const ENDINGS = ['docx', 'xlsx', 'pdf', 'txt', 'jpg', 'pptx', 'csv', 'zip', 'png', 'md'];
const NEWEST_MS = Date.UTC(2026, 10, 20, 12);

export interface DriveFill {
	files: number;
	/** Beside the root; a tenth of the files unless said. 0: all files lie in one folder. */
	folders?: number;
	/** Of a file on the average; 20,000. */
	averageBytes?: number;
	seed: number;
	/** Where it goes; the root unless said. */
	under?: DriveNode;
}

/** Folders and files, the same for the same seed. A file is a few numbers until somebody reads it. */
export function fillDrive(drive: Drive, options: DriveFill): void {
	const random = new SeededRandom(options.seed, 4);
	const average = options.averageBytes ?? 20_000;
	const folders: DriveNode[] = [options.under ?? drive.root];
	const count = options.folders ?? Math.floor(options.files / 10);
	for (let n = 0; n < count; n++) {
		const parent = random.chance(0.6) ? folders[0]! : random.pick(folders);
		const depth = parent.path === '' ? 0 : parent.path.split('/').length;
		folders.push(drive.addFolder(depth < 6 ? parent : folders[0]!, FOLDERS[n] ?? `Folder ${n + 1}`));
	}
	for (let n = 0; n < options.files; n++) {
		const name = `${sentence(random, 1, 3)} ${n + 1}.${random.pick(ENDINGS)}`;
		const sizeBytes = n % 97 === 5 ? 0 : Math.max(1, Math.round(average * 2 * random.next()));
		const modified = new Date(NEWEST_MS - (options.files - n) * 60_000);
		drive.addFile(random.pick(folders), name, new GeneratedContent(options.seed * 1_000_003 + n, sizeBytes), { created: modified, modified });
	}
}

/** One of each odd sort of item, in a folder of their own: notebook, malware, empty, locked, checked out, odd names. */
export function addDriveVariety(drive: Drive, folderName = 'Odd ones'): DriveNode {
	const folder = drive.addFolder(drive.root, folderName);
	drive.addNotebook(folder, 'Notebook', { Notes: 'section one', Plans: 'section two' });
	drive.addFile(folder, 'eicar.com', 'X5O!P%@AP', { malware: 'Virus:DOS/EICAR_Test_File' });
	drive.addFile(folder, 'empty.txt', '');
	drive.lock(drive.addFile(folder, 'open in Word.docx', 'locked'));
	drive.checkOut(drive.addFile(folder, 'checked out.xlsx', 'checked out'));
	drive.addFile(folder, 'no hash.pdf', 'protected', { hashless: true });
	for (const name of ['50% #1 & more+.txt', "Report('1').txt", 'Ünïcode 文書.txt', `${'long name '.repeat(20)}x.txt`, '.hidden', 'no ending']) drive.addFile(folder, name, `content of ${name}`);
	return folder;
}

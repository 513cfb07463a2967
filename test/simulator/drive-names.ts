import { GraphError } from './graph-error';

const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d|\.lock|desktop\.ini)$/i;
const LONGEST_PATH = 400;
const LONGEST_NAME = 255;

/** Why OneDrive and SharePoint take no such name (graph-facts §4); undefined: they do. */
export function nameObjection(name: string): string | undefined {
	if (name === '' || name === '.' || name === '..') return 'The name is empty or not valid.';
	if (/["*:<>?/\\|\u0000-\u001f]/.test(name)) return 'The provided name cannot contain any of the following characters: " * : < > ? / \\ |';
	if (/^ | $|\.$/.test(name)) return 'The provided name must not begin or end with a space, or end with a period.';
	if (RESERVED.test(name) || /_vti_/i.test(name) || name.startsWith('~$')) return 'The provided name is reserved.';
	if (name.length > LONGEST_NAME) return 'The provided name is too long.';
	return undefined;
}

/** @throws GraphError 400 */
export function refuseBadName(name: string): void {
	const objection = nameObjection(name);
	if (objection !== undefined) throw new GraphError(400, 'invalidRequest', objection);
}

/** @throws GraphError 400 for what would lie at more than 400 characters below the host */
export function refuseLongPath(path: string): void {
	if (path.length > LONGEST_PATH) throw new GraphError(400, 'pathIsTooLong', `The specified path is longer than ${LONGEST_PATH} characters.`);
}

/** `Report.docx` → `Report 1.docx`, until nobody has it. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
	const dot = name.lastIndexOf('.');
	const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
	for (let n = 1; ; n++) {
		const candidate = `${stem} ${n}${extension}`;
		if (!isTaken(candidate)) return candidate;
	}
}

const TYPES: Record<string, string> = {
	txt: 'text/plain', csv: 'text/csv', html: 'text/html', htm: 'text/html', pdf: 'application/pdf', jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png', zip: 'application/zip',
	docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
	pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation', one: 'application/msonenote', onetoc2: 'application/msonenote', json: 'application/json',
};

export function mimeTypeOf(name: string): string {
	return TYPES[name.slice(name.lastIndexOf('.') + 1).toLowerCase()] ?? 'application/octet-stream';
}

/** Files into which SharePoint writes properties of its own on upload (od#935, dc#8903). */
export function isRewrittenType(name: string): boolean {
	return /\.(docx|docm|xlsx|xlsm|pptx|pptm|pdf|html?|aspx|jpe?g)$/i.test(name);
}

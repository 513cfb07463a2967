import { randomBytes } from 'node:crypto';
import { BytesContent, contentOf, GeneratedContent, JoinedContent, type DriveContent } from './drive-content';
import { conflictBehavior, nameFor, nameTaken, placeOf, refuseLocked, refuseOtherState, type ConflictBehavior, type Place } from './drive-items';
import { invalidDriveRequest, shownItem } from './drive-json';
import { isRewrittenType } from './drive-names';
import type { DriveNode } from './drive-node';
import type { ItemAddress } from './drive-path';
import type { FileOptions } from './drive-options';
import type { Drive } from './drive-store';
import type { DriveUrlRequest } from './drive-urls';
import type { GraphAnswer, GraphRequest } from './exchange';
import { GraphError } from './graph-error';
import { jsonBody } from './json-body';
import { contextUrl } from './paging';
import type { Tenant } from './tenant';

const LARGEST_PUT_BYTES = 250 * 1024 * 1024;
const FRAGMENT_UNIT_BYTES = 327_680;
const LARGEST_FRAGMENT_BYTES = 60 * 1024 * 1024;
const LIFETIME_MS = 24 * 3_600_000;

/** `PUT …/content`: up to 250 MB in one request, replacing unless told otherwise. */
export function putContent(request: GraphRequest, drive: Drive, address: ItemAddress): GraphAnswer {
	if (request.body.length > LARGEST_PUT_BYTES) throw new GraphError(413, 'requestEntityTooLarge', 'The request is too large: use an upload session.');
	const place = placeOf(drive, address);
	if (place.existing) refuseOtherState(request, drive, place.existing);
	const content = GeneratedContent.recognise(request.body, request.body.length) ?? new BytesContent(request.body);
	const isSame = content instanceof BytesContent || content.read(0, content.sizeBytes).equals(request.body);
	const { node, isNew } = store(drive, place, isSame ? content : new BytesContent(request.body), conflictBehavior(request, undefined) ?? 'replace', {});
	return { status: isNew ? 201 : 200, json: { '@odata.context': contextUrl(request, `drives('${drive.id}')/items/$entity`), ...shownItem(request, drive, node, request.query) } };
}

/** @throws GraphError 409, 423, 507 */
function store(drive: Drive, place: Place, content: DriveContent, behavior: ConflictBehavior, dates: Pick<FileOptions, 'created' | 'modified' | 'description'>): { node: DriveNode; isNew: boolean } {
	const name = nameFor(drive, place.folder, place.name, behavior);
	const existing = place.folder.child(name);
	if (existing && !existing.content) throw nameTaken();
	if (existing) refuseLocked(existing);
	refuseOverQuota(drive, content.sizeBytes - (existing?.sizeBytes ?? 0));
	const { driveRewrites } = drive.tenant.switches;
	const isRewritten = content.sizeBytes > 0 && isRewrittenType(name) && (driveRewrites === 'always' || (driveRewrites === 'libraries' && drive.about.driveType === 'documentLibrary'));
	const stored = isRewritten ? new JoinedContent([content, new BytesContent(Buffer.from(`\n<!-- docId ${drive.ids.guid(existing?.sequence ?? drive.nodes.length)} -->`))]) : content;
	const options: FileOptions = { ...dates, by: drive.tenant.applicationIdentity };
	return existing ? { node: drive.edit(existing, stored, options), isNew: false } : { node: drive.addFile(place.folder, name, stored, options), isNew: true };
}

function refuseOverQuota(drive: Drive, moreBytes: number): void {
	if (drive.usedBytes + moreBytes > drive.quotaTotalBytes) throw new GraphError(507, 'quotaLimitReached', 'Insufficient Space Available');
}

interface DriveUpload {
	drive: Drive;
	address: ItemAddress;
	name: string;
	behavior: ConflictBehavior;
	dates: Pick<FileOptions, 'created' | 'modified' | 'description'>;
	isDeferred: boolean;
	totalBytes: number | undefined;
	expiresMs: number;
	pieces: DriveContent[];
	/** What comes is this so far, and need not be kept. */
	recognised: GeneratedContent | undefined;
	received: number;
	request: GraphRequest;
}

const sessions = new WeakMap<Tenant, Map<string, DriveUpload>>();

function sessionsOf(tenant: Tenant): Map<string, DriveUpload> {
	const found = sessions.get(tenant) ?? new Map<string, DriveUpload>();
	sessions.set(tenant, found);
	return found;
}

/** `POST …/createUploadSession` (driveitem-createuploadsession). */
export function createUploadSession(request: GraphRequest, drive: Drive, address: ItemAddress): GraphAnswer {
	const body = request.body.length === 0 ? {} : jsonBody(request);
	const item = (body.item ?? {}) as Record<string, unknown>;
	const place = placeOf(drive, address);
	if (place.existing) refuseOtherState(request, drive, place.existing);
	if (item.fileSize === 0) throw invalidDriveRequest('An upload session cannot be created for a file of zero bytes.');
	if (typeof item.fileSize === 'number') refuseOverQuota(drive, item.fileSize);
	const name = typeof item.name === 'string' ? item.name : place.name;
	const behavior = conflictBehavior(request, item) ?? 'replace';
	nameFor(drive, place.folder, name, 'replace');
	if (place.existing) refuseLocked(place.existing);
	const { tenant } = request;
	const id = randomBytes(12).toString('hex');
	const upload: DriveUpload = { drive, address, name, behavior, dates: datesOf(item), isDeferred: body.deferCommit === true, totalBytes: undefined, expiresMs: tenant.clock.nowMs() + LIFETIME_MS, pieces: [], recognised: undefined, received: 0, request };
	sessionsOf(tenant).set(id, upload);
	const site = drive.about.webPath.split('/').slice(0, -1).map(encodeURIComponent).join('/');
	const auth = randomBytes(18).toString('base64url');
	tenant.issued.note('upload URL', id, auth);
	const uploadUrl = `${tenant.uploadOrigin}/${site}/_api/v2.0/drives/${drive.id}/items/${drive.idOf(place.folder)}/uploadSession?guid='${id}'&overwrite=${behavior === 'replace' ? 'True' : 'False'}&tempauth=v1.${auth}`;
	return { status: 200, json: { '@odata.context': contextUrl(request, 'microsoft.graph.uploadSession'), expirationDateTime: new Date(upload.expiresMs).toISOString(), nextExpectedRanges: ['0-'], uploadUrl } };
}

function datesOf(item: Record<string, unknown>): DriveUpload['dates'] {
	const info = item.fileSystemInfo as { createdDateTime?: string; lastModifiedDateTime?: string } | undefined;
	return {
		...(info?.createdDateTime === undefined ? {} : { created: info.createdDateTime }),
		...(info?.lastModifiedDateTime === undefined ? {} : { modified: info.lastModifiedDateTime }),
		...(typeof item.description === 'string' ? { description: item.description } : {}),
	};
}

/** Everything that comes to an upload URL. @throws GraphError */
export function uploadAnswer(given: DriveUrlRequest): GraphAnswer {
	const { tenant, method } = given;
	const open = sessionsOf(tenant);
	const id = /[?&]guid='([0-9a-f]+)'/.exec(decodeURIComponent(given.url))?.[1] ?? '';
	const upload = open.get(id);
	if (!upload || upload.expiresMs <= tenant.clock.nowMs()) throw new GraphError(404, 'itemNotFound', 'The upload session was not found');
	switch (method) {
		case 'GET':
			return { status: 200, json: progress(upload) };
		case 'DELETE':
			open.delete(id);
			return { status: 204 };
		case 'PUT':
			receive(upload, given.headers['content-range'], given.body);
			if (upload.received < upload.totalBytes! || upload.isDeferred) return { status: 202, json: progress(upload) };
			break;
		case 'POST':
			if (!upload.isDeferred || upload.received !== upload.totalBytes) throw invalidDriveRequest('The upload is not complete.');
			break;
		default:
			return { status: 405 };
	}
	const answer = commit(upload);
	open.delete(id);
	return answer;
}

function progress(upload: DriveUpload): Record<string, unknown> {
	const isComplete = upload.received === upload.totalBytes;
	return { expirationDateTime: new Date(upload.expiresMs).toISOString(), nextExpectedRanges: isComplete ? [] : [`${upload.received}-${upload.totalBytes === undefined ? '' : upload.totalBytes - 1}`] };
}

function receive(upload: DriveUpload, contentRange: string | undefined, fragment: Buffer): void {
	const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '');
	if (!range) throw invalidDriveRequest('The Content-Range header is missing or malformed.');
	const [first, last, total] = range.slice(1).map(Number) as [number, number, number];
	if (last - first + 1 !== fragment.length || last >= total || (upload.totalBytes ?? total) !== total) throw invalidDriveRequest('The Content-Range header does not fit the session or the body.');
	if (fragment.length >= LARGEST_FRAGMENT_BYTES) throw new GraphError(413, 'requestEntityTooLarge', 'A fragment must have less than 60 MiB.');
	// Also where the last fragment failed with 409: it may come again.
	if (first !== upload.received && !(upload.received === total && last === total - 1)) throw new GraphError(416, 'invalidRange', first < upload.received ? 'The uploaded fragment overlaps with data that has already been received.' : 'The uploaded fragment is not the one expected next.');
	if (last !== total - 1 && fragment.length % FRAGMENT_UNIT_BYTES !== 0) throw invalidDriveRequest(`A fragment must be a multiple of ${FRAGMENT_UNIT_BYTES} bytes.`);
	refuseOverQuota(upload.drive, total);
	upload.totalBytes = total;
	if (upload.received === total) return;
	keep(upload, fragment, total);
	upload.received += fragment.length;
}

/** Generated content is recognised by its head and only compared: 6 GB need no room. */
function keep(upload: DriveUpload, fragment: Buffer, total: number): void {
	if (upload.received === 0) upload.recognised = GeneratedContent.recognise(fragment, total);
	const known = upload.recognised;
	if (known?.read(upload.received, fragment.length).equals(fragment)) return;
	if (known) {
		upload.pieces = [contentOf({ sizeBytes: upload.received, read: (offset, lengthBytes) => known.read(offset, lengthBytes) })];
		upload.recognised = undefined;
	}
	upload.pieces.push(new BytesContent(fragment));
}

function commit(upload: DriveUpload): GraphAnswer {
	const { drive, request } = upload;
	const place = placeOf(drive, upload.address);
	const content = upload.recognised ?? (upload.pieces.length === 1 ? upload.pieces[0]! : new JoinedContent(upload.pieces));
	const { node, isNew } = store(drive, { ...place, name: upload.name }, content, upload.behavior, upload.dates);
	return { status: isNew ? 201 : 200, json: { '@odata.context': contextUrl(request, `drives('${drive.id}')/items/$entity`), ...shownItem(request, drive, node, { ...request.query, expand: [] }) } };
}

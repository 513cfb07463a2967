import { randomBytes } from 'node:crypto';
import type { DriveContent } from './drive-content';
import { monitorAnswer } from './drive-copy';
import { eTag, itemGone, time } from './drive-json';
import { mimeTypeOf } from './drive-names';
import type { DriveNode } from './drive-node';
import type { Drive } from './drive-store';
import { uploadAnswer } from './drive-upload';
import type { GraphAnswer } from './exchange';
import { GraphError } from './graph-error';
import type { Tenant } from './tenant';

/** A request to an origin that is not Graph's. */
export interface DriveUrlRequest {
	method: string;
	/** Path and query. */
	url: string;
	headers: Record<string, string>;
	body: Buffer;
	tenant: Tenant;
}

interface DownloadToken {
	/** First, so that it stands in the token by itself: what nobody can guess. */
	key: string;
	drive: string;
	sequence: number;
	/** Absent: whatever the content is. */
	version?: number;
	epoch: number;
	expiresMs: number;
}

/** The address where the bytes are: on another origin, without a token of Graph's, and not for long (graph-facts §4). */
export function downloadUrl(drive: Drive, node: DriveNode, version?: number): string {
	const { tenant } = drive;
	const token: DownloadToken = { key: randomBytes(24).toString('base64url'), drive: drive.id, sequence: node.sequence, ...(version === undefined ? {} : { version }), epoch: drive.urlEpoch, expiresMs: tenant.clock.nowMs() + tenant.switches.downloadUrlLifetimeMs };
	const site = drive.about.webPath.split('/').slice(0, -1).map(encodeURIComponent).join('/');
	const auth = Buffer.from(JSON.stringify(token)).toString('base64url');
	// `{"key":"` is 8 bytes: the first 12 characters are the same for all, the next 40 are the key's alone.
	tenant.issued.note('download URL', auth.slice(12, 52));
	return `${tenant.uploadOrigin}/${site}/_layouts/15/download.aspx?UniqueId=${drive.ids.guid(node.sequence).toLowerCase()}&Translate=false&tempauth=v1.${auth}&ApiVersion=2.0`;
}

/** `download`, `uploadSession` or `copyMonitor`; undefined: no business of a drive's. */
export function driveUrlKind(url: string): 'download' | 'uploadSession' | 'copyMonitor' | undefined {
	if (url.includes('/_layouts/15/download.aspx?')) return 'download';
	if (url.includes('/_api/v2.0/drives/') && url.includes('/uploadSession?')) return 'uploadSession';
	return url.includes('/_api/v2.0/monitor/') ? 'copyMonitor' : undefined;
}

/** @throws GraphError */
export async function answerDriveUrl(request: DriveUrlRequest): Promise<GraphAnswer> {
	const kind = driveUrlKind(request.url);
	const { tenant } = request;
	await tenant.hold();
	const route = `${request.method} ${kind ?? ''}`;
	if (request.headers.authorization !== undefined) {
		tenant.leaks.push(`${request.method} ${request.url}`);
		if (tenant.switches.driveUrlAuthorization === 'refused') throw new GraphError(401, 'unauthenticated', 'An Authorization header must not be sent to this URL.');
	}
	if (kind === 'copyMonitor') return { ...monitorAnswer(tenant, request.url), route };
	tenant.sharePoint.spend(tenant.switches.driveUrlUnits);
	if (kind === 'uploadSession') return { ...uploadAnswer(request), route };
	if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, route };
	return { ...download(request), route };
}

function download({ tenant, url, headers }: DriveUrlRequest): GraphAnswer {
	const token = readToken(new URL(url, 'http://localhost').searchParams.get('tempauth') ?? '');
	const drive = token && tenant.drives.get(token.drive);
	if (!drive || token.epoch !== drive.urlEpoch || token.expiresMs <= tenant.clock.nowMs()) throw new GraphError(401, 'unauthenticated', 'The download URL has expired.');
	const node = drive.nodes[token.sequence];
	if (node?.state !== 'living' || !node.content) throw itemGone();
	refuseUnreadable(node);
	const content = token.version === undefined ? (node.servedAs ?? node.content) : node.versions?.find(({ number }) => number === token.version)?.content;
	if (!content) throw itemGone();
	const about = { 'Accept-Ranges': 'bytes', ETag: eTag(drive, node), 'Last-Modified': new Date(time(node.fsModifiedMs)).toUTCString(), 'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(node.name)}` };
	const range = tenant.switches.downloadRanges === 'honoured' ? rangeOf(headers.range, content.sizeBytes) : undefined;
	const [from, to] = range ?? [0, content.sizeBytes];
	const partial: Record<string, string> = range ? { 'Content-Range': `bytes ${from}-${to - 1}/${content.sizeBytes}` } : {};
	return { status: range ? 206 : 200, headers: { ...about, ...partial }, source: { content, from, to }, contentType: mimeTypeOf(node.name) };
}

/** @throws GraphError 403 for what is infected, 404 and 503 for notebooks */
export function refuseUnreadable(node: DriveNode): void {
	if (node.malware !== undefined) throw new GraphError(403, 'malwareDetected', 'Malware was detected in the content of the item.', { 'X-Virus-Infected': 'true' });
	if (node.contentStatus === 503) throw new GraphError(503, 'serviceNotAvailable', 'The service is not available. Try the request again after a delay.');
	if (node.contentStatus !== undefined) throw new GraphError(node.contentStatus, 'generalException', 'General exception while processing.');
}

/** [first, behind the last]; undefined: no range, or more than one. @throws GraphError 416 */
function rangeOf(header: string | undefined, sizeBytes: number): [number, number] | undefined {
	const found = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
	if (!found || (found[1] === '' && found[2] === '')) return undefined;
	const from = found[1] === '' ? Math.max(0, sizeBytes - Number(found[2])) : Number(found[1]);
	const to = found[1] === '' || found[2] === '' ? sizeBytes : Math.min(sizeBytes, Number(found[2]) + 1);
	if (from >= to) throw new GraphError(416, 'invalidRange', 'The range is not satisfiable.', { 'Content-Range': `bytes */${sizeBytes}` });
	return [from, to];
}

function readToken(text: string): DownloadToken | undefined {
	try {
		return JSON.parse(Buffer.from(text.replace(/^v1\./, ''), 'base64url').toString('utf8')) as DownloadToken;
	} catch {
		return undefined; // A token that is none, and 401 like one that has expired.
	}
}

/** A piece of a file that is sent as it is read. */
export interface ContentSource {
	content: DriveContent;
	from: number;
	/** Behind the last byte. */
	to: number;
}

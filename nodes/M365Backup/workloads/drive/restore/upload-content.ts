import { Failure, isFailure, toFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { RestorableContent } from '../../restorer';
import type { GraphItem } from '../graph-item';
import { QuickXorHash } from '../quick-xor-hash';
import type { ByteBudget } from './byte-budget';
import { childPath, itemPath, signalOf, stopIfCancelled, type DriveContext } from './drive-context';
import { isRewrittenType } from './file-names';
import { fragmentsOf } from './fragments';
import { livingItem, LIVING_SELECT, secondsOf, type LivingItem } from './living-item';

/** 5 MiB: fragments are multiples of 320 KiB, 5 to 10 MiB advised (driveitem-createuploadsession). The HTTP client holds copies of each. */
const FRAGMENT_BYTES = 16 * 327_680;
/** Sessions that may be begun for one file: they expire and get lost. */
const MOST_SESSIONS = 4;
/** Tries for one fragment after the client's own. */
const MOST_RESUMES = 5;

/** Where a content goes: a new name in a folder, or a new version of a file that is there. */
export type UploadPlace = { folderId: string; name: string } | { itemId: string };

export interface FileDates {
	created?: string;
	modified?: string;
}

export interface Uploaded {
	living: LivingItem;
	/** Of what was sent. */
	quickXorHash: string;
	/** Why the file does not bear the dates that it should; the content is there. */
	datesRefused?: string;
}

/**
 * Puts a content into the drive with its dates, in one version.
 *
 * Any file but an empty one goes by an upload session, even the smallest: the session takes the dates (2 requests). A
 * plain PUT does not, and the PATCH that would set them makes it 2 requests as well and leaves a second version, which
 * takes its room twice (rclone#1716). An empty file has no session (400): PUT and PATCH.
 *
 * Broken connections go on where the service says; a session that is gone begins anew; an answer that was lost after the
 * last fragment is known by what stands there. Holds one fragment at a time.
 *
 * @throws Failure: `conflict` if the name has been taken meanwhile, `quota`, `denied`, `corrupt` (the backup's content)
 */
export async function uploadContent(context: DriveContext, budget: ByteBudget, place: UploadPlace, content: RestorableContent, dates: FileDates): Promise<Uploaded> {
	if (content.sizeBytes === 0) return await putEmpty(context, place, dates);
	const giveBack = await budget.take(Math.min(content.sizeBytes, FRAGMENT_BYTES));
	try {
		return await new Upload(context, place, content, dates).run();
	} finally {
		giveBack();
	}
}

function addressOf(context: DriveContext, place: UploadPlace): string {
	return 'itemId' in place ? itemPath(context, place.itemId) : `${childPath(context, place.folderId, place.name)}:`;
}

function fileSystemInfo(dates: FileDates): JsonObject | undefined {
	if (dates.created === undefined && dates.modified === undefined) return undefined;
	return { ...(dates.created === undefined ? {} : { createdDateTime: dates.created }), ...(dates.modified === undefined ? {} : { lastModifiedDateTime: dates.modified }) };
}

/** What stands there, or undefined. */
async function whatIsThere(context: DriveContext, place: UploadPlace): Promise<LivingItem | undefined> {
	try {
		const path = `${addressOf(context, place)}?$select=${LIVING_SELECT}`;
		return livingItem(await context.graph.json<GraphItem>({ path, ...signalOf(context) }));
	} catch (error) {
		if (isFailure(error, 'notFound')) return undefined;
		throw error;
	}
}

async function putEmpty(context: DriveContext, place: UploadPlace, dates: FileDates): Promise<Uploaded> {
	const address = addressOf(context, place);
	const behavior = 'itemId' in place ? '' : '?@microsoft.graph.conflictBehavior=fail';
	let item: LivingItem;
	try {
		item = livingItem(
			await context.graph.json<GraphItem>({
				method: 'PUT',
				path: `${address}/content${behavior}`,
				body: Buffer.alloc(0),
				headers: { 'Content-Type': 'application/octet-stream' },
				...signalOf(context),
			}),
		);
	} catch (error) {
		// Sent again after a lost answer, it meets what it has made.
		const there = isFailure(error, 'conflict') ? await whatIsThere(context, place) : undefined;
		if (!there?.isByApp || there.sizeBytes !== 0) throw error;
		item = there;
	}
	const info = fileSystemInfo(dates);
	const quickXorHash = new QuickXorHash().digest();
	if (!info) return { living: item, quickXorHash };
	try {
		const dated = await context.graph.json<GraphItem>({ method: 'PATCH', path: itemPath(context, item.id), body: { fileSystemInfo: info }, ...signalOf(context) });
		return { living: livingItem(dated), quickXorHash };
	} catch (error) {
		const failure = toFailure(error);
		if (failure.kind === 'cancelled') throw failure;
		// The file is there: a second restore finds it and leaves it as it is, so that the result must say now what it lacks.
		return { living: item, quickXorHash, datesRefused: failure.title ?? failure.message };
	}
}

/** The service lost what it had, and wants bytes that were sent before. */
class Restart extends Error {
	constructor(readonly from: number) {
		super(`The upload goes on at byte ${from}`);
	}
}

class Upload {
	private quickXorHash = '';
	/** The last fragment was on its way: the file may be there although nobody said so. */
	private mayBeThere = false;

	constructor(
		private readonly context: DriveContext,
		private readonly place: UploadPlace,
		private readonly content: RestorableContent,
		private readonly dates: FileDates,
	) {}

	async run(): Promise<Uploaded> {
		for (let sessions = 1; ; sessions += 1) {
			const url = await this.open();
			try {
				return this.uploaded(await this.send(url));
			} catch (error) {
				const failure = toFailure(error);
				// Nobody is there to wait for it.
				if (this.context.signal?.aborted) throw failure;
				const there = this.mayBeThere && isFailure(failure, 'notFound', 'conflict', 'transient') ? await this.finished() : undefined;
				if (there) return this.uploaded(there);
				if (!isFailure(failure, 'notFound') || sessions >= MOST_SESSIONS) {
					await this.cancel(url);
					throw failure;
				}
			}
		}
	}

	private uploaded(living: LivingItem): Uploaded {
		return { living, quickXorHash: this.quickXorHash };
	}

	private async open(): Promise<string> {
		const info = fileSystemInfo(this.dates);
		const { uploadUrl } = await this.context.graph.json<{ uploadUrl: string }>({
			method: 'POST',
			path: `${addressOf(this.context, this.place)}/createUploadSession`,
			body: {
				item: {
					'@microsoft.graph.conflictBehavior': 'itemId' in this.place ? 'replace' : 'fail',
					...('name' in this.place ? { name: this.place.name } : {}),
					fileSize: this.content.sizeBytes,
					...(info ? { fileSystemInfo: info } : {}),
				},
			},
			// A session that nobody uses expires by itself.
			repeatable: true,
			...signalOf(this.context),
		});
		return uploadUrl;
	}

	private async send(url: string): Promise<LivingItem> {
		for (let from = 0, restarts = 0; ; restarts += 1) {
			try {
				return await this.sendFrom(url, from);
			} catch (error) {
				if (!(error instanceof Restart)) throw error;
				if (restarts >= MOST_RESUMES) throw new Failure('transient', 'The upload lost again and again what it had received');
				from = error.from;
			}
		}
	}

	private async sendFrom(url: string, from: number): Promise<LivingItem> {
		const hash = new QuickXorHash();
		for await (const { offset, bytes, isLast } of fragmentsOf(this.content.open(), this.content.sizeBytes, FRAGMENT_BYTES, from, (piece) => hash.update(piece))) {
			stopIfCancelled(this.context);
			if (isLast) this.quickXorHash = hash.digest();
			const item = await this.sendFragment(url, offset, bytes, isLast);
			if (item) return item;
		}
		// Everything is there, yet nothing was made of it.
		const there = await this.finished();
		if (there) return there;
		throw new Failure('notFound', 'The upload session ended without a file');
	}

	/** @returns the file, once the last byte is there */
	private async sendFragment(url: string, offset: number, bytes: Buffer, isLast: boolean): Promise<LivingItem | undefined> {
		const { graph } = this.context;
		const end = offset + bytes.length;
		let at = offset;
		for (let resumes = 0; ; resumes += 1) {
			let next: number;
			if (isLast) this.mayBeThere = true;
			try {
				const answer = await graph.upload(url, { offset: at, bytes: bytes.subarray(at - offset), totalBytes: this.content.sizeBytes }, signalOf(this.context));
				if (answer.done) return await this.made(answer.body);
				next = answer.nextOffset;
			} catch (error) {
				const failure = toFailure(error);
				const isOutOfStep = failure.status === 416;
				if ((!isOutOfStep && !isFailure(failure, 'transient')) || resumes >= MOST_RESUMES) throw failure;
				next = (await graph.uploadStatus(url, signalOf(this.context))).nextOffset ?? this.content.sizeBytes;
			}
			if (next >= end) return undefined;
			if (next < offset) throw new Restart(next);
			at = next;
		}
	}

	/** The answer to the last fragment is the file; without one it is asked for. */
	private async made(body: unknown): Promise<LivingItem> {
		if (typeof body === 'object' && body !== null && 'id' in body && 'name' in body) return livingItem(body as GraphItem);
		const there = await whatIsThere(this.context, this.place);
		if (there) return there;
		throw new Failure('notFound', 'The file is not there right after its upload');
	}

	/** What stands there, if it is what was sent. */
	private async finished(): Promise<LivingItem | undefined> {
		const there = await whatIsThere(this.context, this.place);
		if (!there || there.isFolder) return undefined;
		// A person who made a file of this name meanwhile.
		if ('name' in this.place && !there.isByApp) return undefined;
		if (there.quickXorHash === this.quickXorHash && there.sizeBytes === this.content.sizeBytes) return there;
		const hasDates = there.isByApp && there.modifiedSeconds === secondsOf(this.dates.modified);
		const isUnproven = there.quickXorHash === undefined && there.sizeBytes === this.content.sizeBytes;
		return hasDates && (isUnproven || isRewrittenType(there.name)) ? there : undefined;
	}

	private async cancel(url: string): Promise<void> {
		try {
			await this.context.graph.cancelUpload(url, signalOf(this.context));
		} catch {
			// It expires by itself; what went wrong before is what counts.
		}
	}
}

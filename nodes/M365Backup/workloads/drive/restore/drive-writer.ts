import { isFailure } from '../../../base/failure';
import type { RestorableContent } from '../../restorer';
import { createOnce } from '../../mailbox/restore/create-once';
import type { GraphItem } from '../graph-item';
import { ByteBudget } from './byte-budget';
import { childPath, itemPath, signalOf, type DriveContext } from './drive-context';
import { DriveRoom } from './drive-room';
import { isRewrittenType, nameKey } from './file-names';
import { PREVIEW } from './folder-view';
import { livingItem, LIVING_SELECT, secondsOf, type LivingItem } from './living-item';
import { uploadContent, type FileDates, type Uploaded, type UploadPlace } from './upload-content';

/** Whom something is shared with. */
export type Recipient = { objectId: string } | { email: string };

/** A sharing link: `view` or `edit`, for `anonymous`, `organization` or `users`. */
export interface Link {
	type: string;
	scope: string;
}

/** Everything that a restore changes in a drive goes through here. */
export interface DriveWriter {
	/** `wasThere`: somebody else made it at the same moment. */
	createFolder(parentId: string, name: string, dates: FileDates): Promise<{ living: LivingItem; wasThere: boolean }>;
	/** Another place or name, or both; the id, versions and sharing stay. */
	relocate(id: string, to: { name: string; parentId?: string }): Promise<void>;
	upload(place: UploadPlace, content: RestorableContent, dates: FileDates): Promise<Uploaded>;
	/** Without an invitation. */
	invite(itemId: string, recipient: Recipient, role: 'read' | 'write'): Promise<void>;
	createLink(itemId: string, link: Link, recipients: readonly Recipient[]): Promise<void>;
}

/** Of fragments in memory, over all uploads that run. */
const MOST_HELD_BYTES = 25 * 1024 * 1024;

export class RealWriter implements DriveWriter {
	private readonly budget = new ByteBudget(MOST_HELD_BYTES);
	private readonly room: DriveRoom;

	constructor(private readonly context: DriveContext) {
		this.room = new DriveRoom(context);
	}

	async createFolder(parentId: string, name: string, dates: FileDates): Promise<{ living: LivingItem; wasThere: boolean }> {
		const { graph, ambient, signal } = this.context;
		const info = { ...(dates.created === undefined ? {} : { createdDateTime: dates.created }), ...(dates.modified === undefined ? {} : { lastModifiedDateTime: dates.modified }) };
		const find = async (): Promise<LivingItem | undefined> => await this.folderNamed(parentId, name);
		let living: LivingItem;
		try {
			living = await createOnce(
				async () =>
					livingItem(
						await graph.json<GraphItem>({
							method: 'POST',
							path: `${itemPath(this.context, parentId)}/children`,
							body: { name, folder: {}, '@microsoft.graph.conflictBehavior': 'fail', ...(Object.keys(info).length > 0 ? { fileSystemInfo: info } : {}) },
							...signalOf(this.context),
						}),
					),
				find,
				ambient,
				signal,
			);
		} catch (error) {
			const there = isFailure(error, 'conflict') ? await find() : undefined;
			if (!there) throw error;
			return { living: there, wasThere: true };
		}
		const hasDates = (dates.modified === undefined || secondsOf(dates.modified) === living.modifiedSeconds) && (dates.created === undefined || secondsOf(dates.created) === living.createdSeconds);
		// Whether a new folder takes its dates at once is documented nowhere; a folder has no versions.
		if (!hasDates) await graph.json({ method: 'PATCH', path: itemPath(this.context, living.id), body: { fileSystemInfo: info }, ...signalOf(this.context) });
		return { living: { ...living, parentId: living.parentId ?? parentId }, wasThere: false };
	}

	private async folderNamed(parentId: string, name: string): Promise<LivingItem | undefined> {
		try {
			const path = `${childPath(this.context, parentId, name)}:?$select=${LIVING_SELECT}`;
			const there = livingItem(await this.context.graph.json<GraphItem>({ path, ...signalOf(this.context) }));
			return there.isFolder && nameKey(there.name) === nameKey(name) ? there : undefined;
		} catch (error) {
			if (isFailure(error, 'notFound')) return undefined;
			throw error;
		}
	}

	async relocate(id: string, { name, parentId }: { name: string; parentId?: string }): Promise<void> {
		await this.context.graph.json({
			method: 'PATCH',
			path: itemPath(this.context, id),
			body: { name, ...(parentId === undefined ? {} : { parentReference: { id: parentId } }) },
			...signalOf(this.context),
		});
	}

	async upload(place: UploadPlace, content: RestorableContent, dates: FileDates): Promise<Uploaded> {
		return await this.room.into(content.sizeBytes, async () => await uploadContent(this.context, this.budget, place, content, dates));
	}

	async invite(itemId: string, recipient: Recipient, role: 'read' | 'write'): Promise<void> {
		await this.context.graph.json({
			method: 'POST',
			path: `${itemPath(this.context, itemId)}/invite`,
			body: { requireSignIn: true, sendInvitation: false, roles: [role], recipients: [{ ...recipient }], retainInheritedPermissions: true },
			// Who has the role already has it.
			repeatable: true,
			...signalOf(this.context),
		});
	}

	async createLink(itemId: string, { type, scope }: Link, recipients: readonly Recipient[]): Promise<void> {
		await this.context.graph.json({
			method: 'POST',
			path: `${itemPath(this.context, itemId)}/createLink`,
			body: { type, scope, retainInheritedPermissions: true, ...(scope === 'users' && recipients.length > 0 ? { recipients: recipients.map((one) => ({ ...one })) } : {}) },
			// A link of this kind that is there already is given back.
			repeatable: scope !== 'users',
			...signalOf(this.context),
		});
	}
}

/** Sends nothing: everything works, and new things have ids that are none. */
export class PreviewWriter implements DriveWriter {
	private count = 0;

	/** @param rewrites whether the drive is one in which SharePoint rewrites Office files and their kin */
	constructor(private readonly rewrites: () => Promise<boolean>) {}

	createFolder(parentId: string, name: string): Promise<{ living: LivingItem; wasThere: boolean }> {
		return Promise.resolve({ living: this.made(parentId, name, true, 0), wasThere: false });
	}

	relocate(): Promise<void> {
		return Promise.resolve();
	}

	async upload(place: UploadPlace, content: RestorableContent): Promise<Uploaded> {
		const name = 'name' in place ? place.name : '';
		const living = this.made('folderId' in place ? place.folderId : undefined, name, false, content.sizeBytes);
		const isRewritten = content.sizeBytes > 0 && isRewrittenType(name) && (await this.rewrites());
		return { living: { ...living, quickXorHash: isRewritten ? 'rewritten' : 'as sent', ...('itemId' in place ? { id: place.itemId } : {}) }, quickXorHash: 'as sent' };
	}

	invite(): Promise<void> {
		return Promise.resolve();
	}

	createLink(): Promise<void> {
		return Promise.resolve();
	}

	private made(parentId: string | undefined, name: string, isFolder: boolean, sizeBytes: number): LivingItem {
		this.count += 1;
		return { id: `${PREVIEW}${this.count}`, name, parentId, isFolder, sizeBytes, cTag: undefined, quickXorHash: undefined, createdSeconds: Number.NaN, modifiedSeconds: Number.NaN, isByApp: true, childCount: isFolder ? 0 : undefined, parentPath: undefined };
	}
}

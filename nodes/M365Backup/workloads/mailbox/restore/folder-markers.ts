import { isFailure } from '../../../base/failure';
import type { MarkedMessage, MarkerState } from './marker';
import { MARKER_EXPAND, markerFilter, markerOf } from './marker';
import type { RestoreContext } from './restore-context';
import { signalOf } from './restore-context';

export interface FoundMarker {
	/** Graph id of the marked message. */
	id: string;
	state: MarkerState;
}

/** The marked messages (or events) of the folders (calendars) that a restore writes to, read once per folder. */
export class FolderMarkers {
	private readonly folders = new Map<string, Promise<Map<string, FoundMarker>>>();

	/** @param itemsPath What lists a folder's items, below the user's path. */
	constructor(
		private readonly context: RestoreContext,
		private readonly itemsPath: (folderId: string) => string | Promise<string> = (folderId) => `/mailFolders/${encodeURIComponent(folderId)}/messages`,
		private readonly canFilter = true,
	) {}

	/** Marker key → message. Of two with one key (a copy made by hand) a finished one counts. */
	of(folderId: string): Promise<Map<string, FoundMarker>> {
		const asked = this.folders.get(folderId) ?? this.read(folderId);
		this.folders.set(folderId, asked);
		// What failed for good fails for every message of the folder, without asking again each time.
		asked.catch((error: unknown) => {
			if (isFailure(error, 'transient', 'throttled')) this.folders.delete(folderId);
		});
		return asked;
	}

	/** A folder that was just made holds none. */
	isEmpty(folderId: string): void {
		if (!this.folders.has(folderId)) this.folders.set(folderId, Promise.resolve(new Map<string, FoundMarker>()));
	}

	/** The message with this marker, asked for anew: after an answer to its creation was lost. */
	async find(folderId: string, key: string): Promise<string | undefined> {
		for await (const page of this.pages(folderId, this.canFilter ? markerFilter(key) : undefined)) {
			for (const message of page) if (markerOf(message)?.key === key) return message.id;
		}
		return undefined;
	}

	private async read(folderId: string): Promise<Map<string, FoundMarker>> {
		if (!this.canFilter) return await this.collect(folderId, undefined);
		try {
			return await this.collect(folderId, markerFilter());
		} catch (error) {
			// Filters on named properties are documented, yet a service that refuses them, or that does not get through a
			// large folder in time, must not end the restore: the whole folder is listed, page by page.
			if (!isFailure(error, 'invalid', 'transient')) throw error;
			return await this.collect(folderId, undefined);
		}
	}

	private async collect(folderId: string, filter: string | undefined): Promise<Map<string, FoundMarker>> {
		const found = new Map<string, FoundMarker>();
		for await (const page of this.pages(folderId, filter)) {
			for (const message of page) {
				const marker = markerOf(message);
				if (!marker) continue;
				if (found.get(marker.key)?.state === 'done') continue;
				found.set(marker.key, { id: message.id, state: marker.state });
			}
		}
		return found;
	}

	private async *pages(folderId: string, filter: string | undefined): AsyncGenerator<MarkedMessage[]> {
		const query = `$select=id&$top=250&$expand=${MARKER_EXPAND}${filter === undefined ? '' : `&$filter=${filter}`}`;
		yield* this.context.graph.pages<MarkedMessage>({
			path: `${this.context.userPath}${await this.itemsPath(folderId)}?${query}`,
			...signalOf(this.context),
		});
	}
}

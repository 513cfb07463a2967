import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { Failure, isFailure } from '../../base/failure';
import { sourceExistence } from '../../connect/existence';
import { connectRepository, sourceKey, type Repository, type SourceRef } from '../../connect/repository';
import { isNotBackedUpSince, lastBackup } from '../../engine/last-backup';
import { sourcesGone, type KnownSource } from '../../engine/sources-gone';
import { runPool } from '../pool';

/** A source that exists, as its item shows it. */
export interface ListedSource {
	id: string;
	json: IDataObject;
}

/** A source that no longer exists, as far as the repository knows it. */
export interface GoneSource {
	id: string;
	/** Of a mailbox the sign-in name, of a OneDrive `anna@contoso.com – OneDrive`, of a site its title. */
	name: string;
	/** Of sites alone. */
	webUrl?: string;
}

/** What is not known until all was listed. */
export interface GoneRules {
	/** Of the filters, those that can be asked of what the repository knows of a source. */
	isWanted: (source: GoneSource) => boolean;
	/** The ids of all that exist, where they can be listed cheaply. */
	livingIds?: () => AsyncIterable<string>;
}

/** Sources of which the records are read at the same time. */
const together = 8;

/**
 * The items of one Get Many: passes sources on as they come, with their last backups if the parameters ask for them, until
 * the limit is reached; then adds those that are gone.
 */
export class SourceListing {
	readonly items: INodeExecutionData[] = [];
	private readonly seen = new Set<string>();

	private constructor(
		private readonly context: IExecuteFunctions,
		private readonly itemIndex: number,
		private readonly workload: SourceRef['workload'],
		private readonly tenantId: string,
		private readonly limit: number,
		private readonly look: { repository: Repository | null; notBackedUpDays: number; includeGone: boolean } | null,
	) {}

	/**
	 * Opens the repository, if the parameters ask for it; where there is none yet, nothing was backed up. Failures: invalid
	 * (days that make no sense) and as `connectRepository`.
	 */
	static async open(this: IExecuteFunctions, itemIndex: number, workload: SourceRef['workload'], tenantId: string, limit = Infinity): Promise<SourceListing> {
		if (this.getNodeParameter('lookUpLastBackup', itemIndex, false) !== true) return new SourceListing(this, itemIndex, workload, tenantId, limit, null);
		const days: unknown = this.getNodeParameter('notBackedUpDays', itemIndex, 0);
		if (typeof days !== 'number' || !(days >= 0)) {
			throw new Failure('invalid', `Not Backed Up Since is ${JSON.stringify(days)}`, { nextStep: 'Set it to a number of days, 0 for all.' });
		}
		const includeGone = this.getNodeParameter('includeGone', itemIndex, false) === true;
		return new SourceListing(this, itemIndex, workload, tenantId, limit, { repository: await existing.call(this, itemIndex), notBackedUpDays: days, includeGone });
	}

	isFull(): boolean {
		return this.items.length >= this.limit;
	}

	/** In their order. Whoever comes after the limit is not looked up. */
	async add(sources: readonly ListedSource[]): Promise<void> {
		const atOnce = this.limit === Infinity ? sources.length : together;
		for (let start = 0; start < sources.length && !this.isFull(); start += atOnce) {
			for (const json of await this.withLastBackups(sources.slice(start, start + atOnce))) {
				if (this.isFull()) return;
				this.items.push(this.item(json));
			}
		}
	}

	async addGone({ isWanted, livingIds }: GoneRules): Promise<void> {
		if (this.look?.repository == null || !this.look.includeGone || this.isFull()) return;
		const { context, itemIndex, workload, tenantId, seen } = this;
		const signal = context.getExecutionCancelSignal();
		const gone = sourcesGone({
			repository: this.look.repository,
			workload,
			tenantId,
			seen,
			isWanted: (known) => isWanted(asShown(known)),
			existence: sourceExistence.call(context, itemIndex),
			...(livingIds && { allLiving: () => this.keysOf(livingIds()) }),
			...(signal && { signal }),
		});
		for await (const missing of gone) {
			const { status, goneSince, reason, lastBackup: last } = missing;
			this.items.push(this.item({ ...asShown(missing), status, ...(goneSince !== undefined && { goneSince }), ...(reason !== undefined && { reason }), lastBackup: { ...last } }));
			if (this.isFull()) return;
		}
	}

	private async withLastBackups(sources: readonly ListedSource[]): Promise<IDataObject[]> {
		const { look } = this;
		if (look === null) return sources.map(({ json }) => json);
		const { repository, notBackedUpDays: days } = look;
		const signal = this.context.getExecutionCancelSignal();
		const found: (IDataObject | undefined)[] = [];
		const failed: unknown[] = [];
		await runPool(sources.length, together, async (index) => {
			const source = sources[index];
			if (source === undefined || failed.length > 0) return;
			const key = this.keyOf(source.id);
			if (look.includeGone) this.seen.add(key);
			try {
				const last = repository === null ? null : await lastBackup(repository, key, signal);
				const now = repository?.ambient.now();
				if (days > 0 && now !== undefined && !isNotBackedUpSince(last, days, now)) return;
				found[index] = { ...source.json, status: 'exists', lastBackup: last === null ? null : { ...last } };
			} catch (error) {
				failed.push(error);
			}
		});
		if (failed.length > 0) throw failed[0];
		return found.filter((json) => json !== undefined);
	}

	private async keysOf(ids: AsyncIterable<string>): Promise<ReadonlySet<string>> {
		const keys = new Set<string>();
		for await (const id of ids) keys.add(this.keyOf(id));
		return keys;
	}

	private keyOf(id: string): string {
		return sourceKey({ tenantId: this.tenantId, workload: this.workload, id });
	}

	private item(json: IDataObject): INodeExecutionData {
		return { json, pairedItem: { item: this.itemIndex } };
	}
}

function asShown({ source: { id, name }, webUrl }: KnownSource): GoneSource {
	return { id, name, ...(webUrl !== undefined && { webUrl }) };
}

async function existing(this: IExecuteFunctions, itemIndex: number): Promise<Repository | null> {
	try {
		return await connectRepository.call(this, itemIndex);
	} catch (error) {
		if (isFailure(error, 'notFound') && error.code === 'noRepository') return null;
		// eslint-disable-next-line @n8n/community-nodes/require-node-api-error -- forEachItem makes a node error of it
		throw error;
	}
}

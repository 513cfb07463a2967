import type { CatalogEntry } from '../repository/records';

/** Roles of folders whose contents their owner has deleted already (the well-known names of Graph's mailFolder). */
const BIN_ROLES: readonly unknown[] = ['deleteditems', 'recoverableitemsroot', 'recoverableitemsdeletions', 'recoverableitemspurges'];

/** Which folders are bins, asked once for each. */
export class Bins {
	private readonly known = new Map<string, boolean>();

	constructor(private readonly entries: (ids: readonly string[]) => Promise<ReadonlyMap<string, CatalogEntry | null>>) {}

	/** Also for a folder below one. */
	async isBin(folderId: string | undefined): Promise<boolean> {
		const asked: string[] = [];
		let answer = false;
		for (let at = folderId; at !== undefined && !asked.includes(at); ) {
			const known = this.known.get(at);
			if (known !== undefined) {
				answer = known;
				break;
			}
			asked.push(at);
			const entry: CatalogEntry | null | undefined = (await this.entries([at])).get(at);
			if (BIN_ROLES.includes(entry?.meta['role'])) {
				answer = true;
				break;
			}
			at = entry?.parent;
		}
		for (const id of asked) this.known.set(id, answer);
		return answer;
	}
}

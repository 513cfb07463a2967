/** So many files are named; the others are counted. */
const MOST_NAMED = 20;

/** Words for files whose size or checksum is not what the service tells. Thousands of them need no line each. */
export class StoredAnyway {
	private readonly mismatches = new Map<string, string>();
	private named = 0;
	private unnamed = 0;

	/**
	 * Whether these bytes came for the file before and were not what was expected either: then it is no accident of the
	 * network, and they are stored.
	 */
	seenBefore(id: string, hash: string): boolean {
		const isSame = this.mismatches.get(id) === hash;
		this.mismatches.set(id, hash);
		return isSame;
	}

	/** A warning for this file, unless there are too many. */
	warning(name: string, isRewritten: boolean): string | undefined {
		if (this.named >= MOST_NAMED) {
			this.unnamed += 1;
			return undefined;
		}
		this.named += 1;
		return isRewritten
			? `"${name}" was stored as Microsoft 365 serves it, which is not what size or checksum say: SharePoint alters Office, PDF, HTML and JPEG files, and protected ones differ, too`
			: `"${name}" was downloaded twice and was both times not what size or checksum say; it was stored as Microsoft 365 serves it. Open it to see whether it is damaged there`;
	}

	/** What is to be said at the end of a run. */
	rest(): string[] {
		const files = this.unnamed;
		this.unnamed = 0;
		return files === 0 ? [] : [`${files} more files were stored as Microsoft 365 serves them, which is not what size or checksum say`];
	}
}

import type { Ambient } from '../base/ambient';
import type { Findings } from '../base/finding';
import type { Store } from '../stores/store';

/** What the single tries work with. */
export interface StorageProbe {
	readonly store: Store;
	readonly ambient: Ambient;
	readonly findings: Findings;
	readonly signal: AbortSignal | undefined;
	/** The store's clock minus ours. */
	readonly clockSkewMs: number;
	/** A name of this check, whose file is deleted at the end, whatever happens. */
	key(what: string): string;
	/** The storage keeps the file for longer than anybody waits: that it cannot be deleted is no fault. */
	stays(key: string): void;
}

import type { Failure } from '../../base/failure';

/** After so many broken versions of one file, those that are not stored yet are given up: the file itself must get through. */
const MOST_BROKEN = 2;

/** Older versions whose downloads broke off for good in this run. */
export class BrokenVersions {
	private readonly byFile = new Map<string, Map<string, Failure>>();

	note(id: string, version: string, failure: Failure): void {
		const known = this.byFile.get(id);
		if (known) known.set(version, failure);
		else this.byFile.set(id, new Map([[version, failure]]));
	}

	/** Why this version is not to be fetched. */
	of(id: string, version: string): Failure | undefined {
		const known = this.byFile.get(id);
		return known?.get(version) ?? (known && known.size >= MOST_BROKEN ? [...known.values()].at(-1) : undefined);
	}
}

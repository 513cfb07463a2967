import { utimes } from 'node:fs/promises';
import path from 'node:path';
import type { Ambient } from '../../nodes/M365Backup/base/ambient';
import { createFolderStore } from '../../nodes/M365Backup/stores/folder-store';
import type { Store } from '../../nodes/M365Backup/stores/store';

/** A folder whose files bear the times of a test's clock, as if its computer's clock were that one. */
export function createDatedFolderStore(root: string, ambient: Pick<Ambient, 'now' | 'randomHex'>): Store {
	const inner = createFolderStore({ root, ambient });
	return {
		capabilities: inner.capabilities,
		label: inner.label,
		list: (prefix, signal) => inner.list(prefix, signal),
		get: (key, range, signal) => inner.get(key, range, signal),
		put: async (key, source, options) => {
			await inner.put(key, source, options);
			await utimes(path.join(root, key), ambient.now(), ambient.now());
		},
		delete: (keys, signal) => inner.delete(keys, signal),
	};
}

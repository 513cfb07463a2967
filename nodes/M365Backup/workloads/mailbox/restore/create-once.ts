import type { Ambient } from '../../../base/ambient';
import { isFailure } from '../../../base/failure';

const TRIES = 4;

/**
 * Creates something exactly once although answers get lost: after a passing fault it looks whether the thing is there
 * before it tries again. (The Graph client repeats a POST only if it certainly had no effect.)
 */
export async function createOnce<T>(
	attempt: () => Promise<T>,
	find: () => Promise<T | undefined>,
	ambient: Ambient,
	signal: AbortSignal | undefined,
): Promise<T> {
	for (let tries = 1; ; tries += 1) {
		try {
			return await attempt();
		} catch (error) {
			if (!isFailure(error, 'transient') || tries >= TRIES) throw error;
			await ambient.sleep(1_000 * tries, signal);
			const found = await find();
			if (found !== undefined) return found;
		}
	}
}

import { isFailure } from '../base/failure';
import { ProbeContent, seedOf } from './check-bytes';
import type { StorageProbe } from './storage-probe';

const NAME = 'lock';
const SIZE_BYTES = 256;
/** Long enough for a deletion to be tried within it, short enough to wait for its end. */
const LOCK_MS = 10_000;
/** Stores round to seconds, and a request takes its time. */
const MARGIN_MS = 2000;
/** Some storages lock for a day at least: nobody waits for that. */
const LONGEST_WAIT_MS = 60_000;

/**
 * Whether locked files really cannot be deleted. Only tried where backups are to be locked, and waits until its own lock has
 * run out, unless the storage made it last for long. `lockedKey`: a file that the storage locked by itself.
 */
export async function checkLock(probe: StorageProbe, { lockDays, lockedKey }: { lockDays: number; lockedKey: string | undefined }): Promise<void> {
	const { store, findings } = probe;
	if (lockedKey !== undefined) {
		await findings.trying(NAME, () => refusesDeletion(probe, lockedKey, 'This storage locks every file by itself'));
		return;
	}
	if (!store.capabilities.retainUntil) {
		if (lockDays === 0) findings.unknown(NAME, 'Files are not locked: whoever has the keys can delete backups', 'A second copy under other keys, or a storage with object lock, protects from that.');
		else findings.bad(NAME, 'Files cannot be locked here, but Lock Files For (Days) is set', 'Use a bucket that was made with object lock (it cannot be turned on later everywhere), allow the key to read its configuration, or set it to 0.');
		return;
	}
	if (lockDays === 0) {
		findings.good(NAME, 'Files could be locked here, but Lock Files For (Days) is 0', 'Set it to protect backups from whoever gets hold of the keys.');
		return;
	}
	await findings.trying(NAME, async () => {
		const key = probe.key('locked');
		const until = new Date(storeNow(probe) + LOCK_MS);
		const content = new ProbeContent(SIZE_BYTES, seedOf(key));
		await store.put(key, content.chunks(), { retainUntil: until, ...(probe.signal && { signal: probe.signal }) });
		const told = await store.lockedUntil?.(key, probe.signal);
		if (store.lockedUntil && (told ?? new Date(0)).getTime() < until.getTime() - MARGIN_MS) {
			findings.bad(NAME, `A file was stored with a lock, but the storage says that it is ${told ? `locked until ${told.toISOString()} only` : 'not locked'}`, 'Check that the bucket was made with object lock and that the key may set and read locks.');
			return;
		}
		await refusesDeletion(probe, key, `A file was locked for ${LOCK_MS / 1000} s`, until);
		const leftMs = Math.max(0, (told ?? until).getTime() - storeNow(probe));
		// Its deletion at the end is to succeed.
		if (leftMs <= LONGEST_WAIT_MS) await probe.ambient.sleep(leftMs + MARGIN_MS, probe.signal);
		else probe.stays(key);
	});
}

/** @param until when the lock ends: a deletion that succeeds about then says nothing */
async function refusesDeletion({ store, findings, signal, ambient, clockSkewMs }: StorageProbe, key: string, what: string, until?: Date): Promise<void> {
	try {
		await store.delete([key], signal);
	} catch (error) {
		// The port has a code of its own for it; what matters here is that it was refused.
		if (!isFailure(error, 'denied')) throw error;
		const content = await store.get(key, undefined, signal);
		if (content !== null) {
			for await (const chunk of content) if (chunk.length === 0) break;
			findings.good(NAME, `${what}, and its deletion was refused`);
			return;
		}
	}
	if (until && ambient.now().getTime() + clockSkewMs > until.getTime() - MARGIN_MS) {
		findings.unknown(NAME, `${what}, but the storage took so long that nothing can be said`, 'Check again.');
		return;
	}
	findings.bad(NAME, `${what}, and yet it could be deleted`, 'Locks do not hold here: do not rely on them. Check that the bucket enforces object lock (mode compliance) and that nothing lifts it.');
}

function storeNow({ ambient, clockSkewMs }: StorageProbe): number {
	return ambient.now().getTime() + clockSkewMs;
}

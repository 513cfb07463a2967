import { Failure, isFailure } from '../../../base/failure';
import { signalOf, type DriveContext } from './drive-context';

/** How much goes into the drive, once it has said that it is full: what cannot fit is not even asked for. */
export class DriveRoom {
	private leftBytes = Number.POSITIVE_INFINITY;

	constructor(private readonly context: DriveContext) {}

	/** @throws Failure `quota` without a request if it cannot fit, or whatever `put` throws. */
	async into<T>(sizeBytes: number, put: () => Promise<T>): Promise<T> {
		if (sizeBytes > this.leftBytes) throw new Failure('quota', 'The drive has said that it is full; nothing was sent', { code: 'quotaLimitReached' });
		try {
			const result = await put();
			this.leftBytes -= sizeBytes;
			return result;
		} catch (error) {
			if (isFailure(error, 'quota')) this.leftBytes = Math.min(this.leftBytes, sizeBytes - 1, await this.remaining());
			throw error;
		}
	}

	private async remaining(): Promise<number> {
		try {
			const drive = await this.context.graph.json<{ quota?: { remaining?: number } }>({ path: `${this.context.drivePath}?$select=id,quota`, ...signalOf(this.context) });
			return drive.quota?.remaining ?? Number.POSITIVE_INFINITY;
		} catch (error) {
			if (isFailure(error, 'cancelled')) throw error;
			// Then the sizes that it refuses tell.
			return Number.POSITIVE_INFINITY;
		}
	}
}

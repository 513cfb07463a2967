import { keepMore, PIECE_BYTES } from '../../base/pieces';

/**
 * What all downloads of this process together may hold in memory before its turn has come, however many drives are backed
 * up at once.
 */
export class DownloadMemory {
	private takenBytes = 0;

	constructor(readonly mostBytes: number) {}

	get freeBytes(): number {
		return this.mostBytes - this.takenBytes;
	}

	/** Whether so much may be read now; then it is to be given back. */
	take(sizeBytes: number): boolean {
		if (sizeBytes > this.freeBytes) return false;
		this.add(sizeBytes);
		return true;
	}

	giveBack(sizeBytes: number): void {
		this.add(-sizeBytes);
	}

	private add(sizeBytes: number): void {
		this.takenBytes += sizeBytes;
		keepMore(Math.ceil(this.takenBytes / PIECE_BYTES));
	}
}

/** Eight parts of 8 MB. */
export const downloadMemory = new DownloadMemory(64 * 1024 * 1024);

/** So many bytes may be held at a time; who wants more waits for its turn. */
export class ByteBudget {
	private usedBytes = 0;
	private readonly waiting: { bytes: number; go: () => void }[] = [];

	constructor(private readonly mostBytes: number) {}

	/** @returns gives them back; to be called whatever happens. */
	async take(wantedBytes: number): Promise<() => void> {
		const bytes = Math.min(wantedBytes, this.mostBytes);
		if (this.waiting.length > 0 || this.usedBytes + bytes > this.mostBytes) {
			await new Promise<void>((go) => this.waiting.push({ bytes, go }));
		} else this.usedBytes += bytes;
		let isHeld = true;
		return () => {
			if (!isHeld) return;
			isHeld = false;
			this.usedBytes -= bytes;
			this.wake();
		};
	}

	private wake(): void {
		for (let next = this.waiting[0]; next && this.usedBytes + next.bytes <= this.mostBytes; next = this.waiting[0]) {
			this.waiting.shift();
			this.usedBytes += next.bytes;
			next.go();
		}
	}
}

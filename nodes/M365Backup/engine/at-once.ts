/** Lets so many jobs run at once; the others wait their turn, in the order in which they came. */
export class AtOnce {
	private running = 0;
	private readonly waiting: (() => void)[] = [];

	constructor(private readonly width: number) {}

	async run<T>(job: () => Promise<T>): Promise<T> {
		if (this.running >= this.width) await new Promise<void>((resolve) => this.waiting.push(resolve));
		else this.running += 1;
		try {
			return await job();
		} finally {
			// Whoever is next takes this place over.
			const next = this.waiting.shift();
			if (next) next();
			else this.running -= 1;
		}
	}
}

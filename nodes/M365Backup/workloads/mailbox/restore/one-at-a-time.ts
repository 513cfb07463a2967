/** Work that waits for the work before it, whatever became of that. */
export class OneAtATime {
	private last: Promise<unknown> = Promise.resolve();

	run<T>(work: () => Promise<T>): Promise<T> {
		const result = this.last.then(work);
		this.last = result.catch(() => undefined);
		return result;
	}
}

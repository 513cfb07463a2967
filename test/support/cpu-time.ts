/**
 * How long our own work takes, whatever else the machine has to do: CPU time of this thread instead of what a clock on
 * the wall says.
 */

/** Starts now. @returns milliseconds of CPU that this thread has taken since. */
export function cpuTimer(): () => number {
	const start = process.threadCpuUsage();
	return () => {
		const { user, system } = process.threadCpuUsage(start);
		return (user + system) / 1000;
	};
}

/** Looks how long this thread works without letting timers have their turn. */
export function watchStretches(): { /** @returns milliseconds of CPU of the longest stretch. */ stop(): number } {
	let longestMs = 0;
	let sinceLast = cpuTimer();
	const look = (): void => {
		longestMs = Math.max(longestMs, sinceLast());
		sinceLast = cpuTimer();
	};
	const timer = setInterval(look, 5);
	return {
		stop: () => {
			clearInterval(timer);
			look();
			return longestMs;
		},
	};
}

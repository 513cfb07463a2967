/**
 * Has `listener` called when the signal fires, and returns how to take it back. A run's signal lives for hours and is
 * listened to thousands of times: Node chains the listeners of one signal, so that each that is gone still holds the
 * next one until a full collection. Here they stand in a set behind one listener, which goes when the set is empty.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
	if (signal === undefined) return nothing;
	let fan = fans.get(signal);
	if (fan === undefined) {
		fan = new Fan(signal);
		fans.set(signal, fan);
	}
	fan.add(listener);
	const { remove } = fan;
	return () => remove(listener);
}

function nothing(): void {
	// Nothing was listened to.
}

const fans = new WeakMap<AbortSignal, Fan>();

class Fan {
	private readonly listeners = new Set<() => void>();

	constructor(private readonly signal: AbortSignal) {}

	add(listener: () => void): void {
		if (this.listeners.size === 0) this.signal.addEventListener('abort', this.fire);
		this.listeners.add(listener);
	}

	readonly remove = (listener: () => void): void => {
		if (this.listeners.delete(listener) && this.listeners.size === 0) this.signal.removeEventListener('abort', this.fire);
	};

	private readonly fire = (): void => {
		// Also without those that an earlier one takes back meanwhile.
		for (const listener of this.listeners) {
			this.remove(listener);
			listener();
		}
	};
}

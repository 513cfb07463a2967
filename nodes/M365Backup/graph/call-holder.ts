import type { Call } from './call';

/**
 * Hands a call to the links of the chain through the Graph client, and is emptied when the call is over. The client's
 * compiled generators stay alive until the next full collection with all that they can reach: without this, every
 * answer would.
 */
export class CallHolder {
	call: Call | undefined;

	constructor(call: Call) {
		this.call = call;
	}

	letGo(): void {
		this.call = undefined;
	}
}

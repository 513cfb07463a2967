import type { Call } from '../call';
import { withImmutableIds } from '../prefer';
import { Link } from './link';

/** Adds the preference for immutable ids. */
export class PreferLink extends Link {
	protected async pass(call: Call, next: () => Promise<void>): Promise<void> {
		const headers = withImmutableIds(call.headers);
		for (const name of Object.keys(call.headers)) if (name.toLowerCase() === 'prefer') Reflect.deleteProperty(call.headers, name);
		Object.assign(call.headers, headers);
		await next();
	}
}

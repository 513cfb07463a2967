import type { Context, Middleware } from '@microsoft/microsoft-graph-client';
import { Failure } from '../../base/failure';
import type { Call } from '../call';
import { CallHolder } from '../call-holder';

/** What the links of the chain have in common: the next link and the call that they serve. */
export abstract class Link implements Middleware {
	private following: Middleware | undefined;

	setNext(next: Middleware): void {
		this.following = next;
	}

	async execute(context: Context): Promise<void> {
		const holder = context.middlewareControl?.getMiddlewareOptions(CallHolder);
		const call = holder instanceof CallHolder ? holder.call : undefined;
		if (call === undefined) throw new Failure('defect', 'A Graph request was sent past the Graph room');
		const next = async (): Promise<void> => {
			if (this.following === undefined) throw new Failure('defect', 'The chain of Graph middleware ends too early');
			await this.following.execute(context);
		};
		try {
			await this.pass(call, next, context);
		} catch (error) {
			call.failure = error;
			throw error;
		}
	}

	protected abstract pass(call: Call, next: () => Promise<void>, context: Context): Promise<void>;
}

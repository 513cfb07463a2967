import type { Context } from '@microsoft/microsoft-graph-client';
import type { Ambient } from '../../base/ambient';
import { Failure } from '../../base/failure';
import { bytesOf } from '../body';
import type { Call } from '../call';
import { classifyAnswer } from '../classify';
import { rateLimitOf } from '../rate-limit';
import { Link } from './link';

const longestErrorBytes = 256 * 1024;

/** Notes Graph's clock, turns answers of 400 and above into Failures, and lets the call's reader read the others. */
export class AnswerLink extends Link {
	/** Host clock minus Graph's Date header, from the latest answer, in ms. The header has a resolution of one second. */
	clockSkewMs: number | undefined;

	constructor(private readonly ambient: Ambient) {
		super();
	}

	protected async pass(call: Call, next: () => Promise<void>, context: Context): Promise<void> {
		await next();
		const { response } = context;
		if (response === undefined) throw new Failure('defect', 'No answer and no error');
		const now = this.ambient.now();
		const date = Date.parse(response.headers.get('date') ?? '');
		if (!Number.isNaN(date)) this.clockSkewMs = now.getTime() - date;
		// Only SharePoint counts in the units that our lane counts in.
		const left = call.resourceUnits === undefined ? undefined : rateLimitOf(response.headers);
		if (left !== undefined) call.lease?.told(left);
		if (response.status < 400) {
			call.result = await call.read(response, call);
			return;
		}
		call.onRefusal?.(response);
		const text = (await bytesOf(response, new URL(call.url).host, longestErrorBytes)).toString('utf8');
		throw classifyAnswer({ method: call.method, path: call.path, status: response.status, headers: response.headers, body: asJson(text), now, secrets: call.secrets });
	}
}

function asJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		// An HTML page of some gateway: the status alone decides.
		return undefined;
	}
}

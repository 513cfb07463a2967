import { vi } from 'vitest';
import type { N8nClient } from './n8n-client';

const waitMs = 120_000;

/** The form behind the link of *Send and Wait for Response*, whichever way the link came. */
export class ApprovalForm {
	/** @param link as it was sent */
	constructor(readonly link: string) {}

	/** Opens the link, as a person does, and as a mail scanner does, too. Returns the page. */
	async open(): Promise<string> {
		const answer = await fetch(this.link, { headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' } });
		if (!answer.ok) throw new Error(`The link answers ${answer.status}: ${await answer.text()}`);
		return answer.text();
	}

	/** Fills in the form and sends it. */
	async decide(decision: string, name: string, remark = ''): Promise<Response> {
		const body = new FormData();
		for (const [index, value] of [decision, name, remark].entries()) body.set(`field-${index}`, value);
		return fetch(this.link, { method: 'POST', body });
	}
}

/**
 * What somebody was sent, once its link works. n8n sends the message first and stores the waiting execution after it;
 * what opens the link in between gets an error (500, or 409 where the workflow was not started by hand). No person is
 * that fast.
 */
export async function onceItWaits<T>(client: N8nClient, executionId: string, sent: () => T): Promise<T> {
	const message = await vi.waitFor(sent, { timeout: waitMs, interval: 100 });
	await vi.waitFor(
		async () => {
			const { status } = await client.execution(executionId);
			if (['new', 'running'].includes(status)) throw new Error(`Somebody was asked, but execution ${executionId} is ${status}`);
		},
		{ timeout: waitMs, interval: 100 },
	);
	return message;
}

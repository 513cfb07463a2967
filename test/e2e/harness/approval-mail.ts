import { vi } from 'vitest';
import type { CaughtMail, MailCatcher } from './mail-catcher';

/** What an approver does with a mail of *Send and Wait for Response*. */
export class ApprovalMail {
	private constructor(
		readonly mail: CaughtMail,
		/** The only address in it, which the button leads to. */
		readonly link: string,
	) {}

	/** What it says, in one line. */
	get text(): string {
		return this.mail.text.replace(/\s+/g, ' ');
	}

	/** The next mail that asks somebody. */
	static async of(server: MailCatcher, to: string): Promise<ApprovalMail> {
		return vi.waitFor(() => {
			const mail = server.mails.find((each) => each.to.includes(to) && each.html.includes('<a href='));
			if (mail === undefined) throw new Error(`Nobody asked ${to}. Mails: ${JSON.stringify(server.mails.map(({ subject }) => subject))}`);
			const links = [...mail.html.matchAll(/<a href="([^"]+)"/g)].map(([, link = '']) => link.replaceAll('&amp;', '&'));
			const [link] = links;
			if (link === undefined || links.length > 1) throw new Error(`The mail has ${links.length} links`);
			return new ApprovalMail(mail, link);
		}, { timeout: 60_000, interval: 100 });
	}

	/** Opens the link, as a person does, and as a mail scanner does, too. Returns the page. */
	async open(): Promise<string> {
		const answer = await fetch(this.link, { headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' } });
		if (!answer.ok) throw new Error(`The link answers ${answer.status}: ${await answer.text()}`);
		return answer.text();
	}

	/** Fills in the form behind the link and sends it. */
	async decide(decision: string, name: string, remark = ''): Promise<Response> {
		const body = new FormData();
		for (const [index, value] of [decision, name, remark].entries()) body.set(`field-${index}`, value);
		return fetch(this.link, { method: 'POST', body });
	}
}

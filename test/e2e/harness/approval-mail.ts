import { vi } from 'vitest';
import type { CaughtMail, MailCatcher } from './mail-catcher';

/** The form behind the link of *Send and Wait for Response*. */
export class ApprovalForm {
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

/** What an approver gets by mail. */
export class ApprovalMail extends ApprovalForm {
	private constructor(
		readonly mail: CaughtMail,
		/** The only address in it, which the button leads to. */
		link: string,
	) {
		super(link);
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

	/** What it says, in one line. */
	get text(): string {
		return this.mail.text.replace(/\s+/g, ' ');
	}
}

import { ApprovalForm, onceItWaits } from './approval-form';
import type { CaughtMail } from './mail-catcher';
import type { Stage } from './stage';

/** A mail of *Send and Wait for Response*, and what an approver does with it. */
export class ApprovalMail extends ApprovalForm {
	private constructor(
		readonly mail: CaughtMail,
		/** The only address in it, which the button leads to. */
		link: string,
	) {
		super(link);
	}

	/** What it says, in one line. */
	get text(): string {
		return this.mail.text.replace(/\s+/g, ' ');
	}

	/** The mail by which an execution asks somebody, once it waits for the answer. */
	static async of({ mailServer, n8n }: Pick<Stage, 'mailServer' | 'n8n'>, executionId: string, to: string): Promise<ApprovalMail> {
		return onceItWaits(n8n.client, executionId, () => {
			const mail = mailServer.mails.find((each) => each.to.includes(to) && each.html.includes('<a href='));
			if (mail === undefined) throw new Error(`Nobody asked ${to}. Mails: ${JSON.stringify(mailServer.mails.map(({ subject }) => subject))}`);
			const links = [...mail.html.matchAll(/<a href="([^"]+)"/g)].map(([, link = '']) => link.replaceAll('&amp;', '&'));
			const [link] = links;
			if (link === undefined || links.length > 1) throw new Error(`The mail has ${links.length} links`);
			return new ApprovalMail(mail, link);
		});
	}
}

import { SMTPServer } from 'smtp-server';
import { simpleParser } from 'mailparser';

export interface CaughtMail {
	subject: string;
	to: string[];
	text: string;
	/** Empty for a mail of plain text. */
	html: string;
}

/** A real SMTP server on the loopback interface that keeps every mail. */
export class MailCatcher {
	readonly mails: CaughtMail[] = [];

	private constructor(private readonly server: SMTPServer) {}

	static async start(): Promise<MailCatcher> {
		const server = new SMTPServer({
			disabledCommands: ['STARTTLS'],
			authOptional: true,
			allowInsecureAuth: true,
			onAuth: (auth, _session, callback) => callback(null, { user: auth.username ?? 'anyone' }),
			onData: (stream, session, callback) => {
				simpleParser(stream).then(
					(mail) => {
						catcher.mails.push({
							subject: mail.subject ?? '',
							to: session.envelope.rcptTo.map(({ address }) => address),
							text: mail.text ?? (mail.html === false ? '' : mail.html),
							html: mail.html === false ? '' : mail.html,
						});
						callback();
					},
					(error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
				);
			},
		});
		const catcher = new MailCatcher(server);
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
		return catcher;
	}

	get port(): number {
		const address = this.server.server.address();
		if (address === null || typeof address === 'string') {
			throw new Error('The mail server does not listen');
		}
		return address.port;
	}

	/** What n8n's SMTP credential needs to send here. */
	get credential(): Record<string, unknown> {
		return { user: 'backup', password: 'backup', host: '127.0.0.1', port: this.port, secure: false, disableStartTls: true };
	}

	async stop(): Promise<void> {
		await new Promise<void>((resolve) => this.server.close(() => resolve()));
	}
}

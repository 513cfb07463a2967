/** The part of `smtp-server` that the mail catcher uses; the package ships no types. */
declare module 'smtp-server' {
	import type { Server } from 'node:net';
	import type { Readable } from 'node:stream';

	type Done = (error?: Error | null, answer?: { user: string }) => void;

	export class SMTPServer {
		constructor(options: {
			disabledCommands?: string[];
			authOptional?: boolean;
			allowInsecureAuth?: boolean;
			onAuth?: (auth: { username?: string; password?: string }, session: unknown, callback: Done) => void;
			onData?: (stream: Readable, session: { envelope: { rcptTo: { address: string }[] } }, callback: Done) => void;
		});
		readonly server: Server;
		listen(port: number, host: string, listening: () => void): void;
		close(closed: () => void): void;
	}
}

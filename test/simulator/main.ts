import { parseArgs } from 'node:util';
import { startSimulator, type SimulatorOptions } from './start';

/** `npm run simulator`: starts a simulated tenant, prints one JSON line when it answers, stops on SIGTERM. */
async function main(): Promise<void> {
	const { values } = parseArgs({
		options: {
			port: { type: 'string' },
			http: { type: 'boolean' },
			'host-names': { type: 'string' },
			data: { type: 'string' },
			record: { type: 'string' },
			latency: { type: 'string' },
			users: { type: 'string' },
			messages: { type: 'string' },
			folders: { type: 'string' },
			contacts: { type: 'string' },
			tasks: { type: 'string' },
			events: { type: 'string' },
			files: { type: 'string' },
			sites: { type: 'string' },
			seed: { type: 'string' },
			help: { type: 'boolean' },
		},
	});
	if (values.help) {
		console.log('npm run simulator -- --port 8443 [--http] [--host-names a,b] [--data DIR] [--record FILE] [--latency MS] [--users N] [--messages N] [--folders N] [--contacts N] [--tasks N] [--events N] [--files N] [--sites N] [--seed N]');
		return;
	}
	const options: SimulatorOptions = { http: values.http ?? false };
	const numbers = { port: values.port, latencyMs: values.latency, users: values.users, messages: values.messages, folders: values.folders, contacts: values.contacts, tasks: values.tasks, events: values.events, files: values.files, sites: values.sites, seed: values.seed };
	for (const [name, text] of Object.entries(numbers)) {
		if (text === undefined) continue;
		if (!/^\d+$/.test(text)) throw new Error(`${name} must be a whole number, not ${text}`);
		Object.assign(options, { [name]: Number(text) });
	}
	if (values['host-names'] !== undefined) options.hostNames = values['host-names'].split(',').map((name) => name.trim()).filter((name) => name !== '');
	if (values.data !== undefined) options.dataDir = values.data;
	if (values.record !== undefined) options.recordFile = values.record;
	const { graphUrl, loginUrl, tenantId, clientId, clientSecret, caFile, token, stop } = await startSimulator(options);
	console.log(JSON.stringify({ graphUrl, loginUrl, tenantId, clientId, clientSecret, caFile: caFile ?? null, token }));
	const end = (): void => {
		void stop().then(() => process.exit(0));
	};
	process.once('SIGTERM', end);
	process.once('SIGINT', end);
}

main().catch((error: unknown) => {
	console.error(error instanceof Error ? error.message : String(error));
	process.exitCode = 1;
});

import type { Server } from 'node:http';
import { certificatesFor } from './certificates';
import { generateTenant } from './generate-tenant';
import { loadData } from './load-data';
import type { RequestLog } from './request-log';
import { listen, portOf } from './server';
import type { Switches } from './switches';
import { Tenant } from './tenant';

export interface SimulatorOptions {
	/** 0 (default): any free port. */
	port?: number;
	/** Plain HTTP instead of HTTPS with an own certificate authority. */
	http?: boolean;
	/** Further names in the server certificate, for clients with fixed endpoints. */
	hostNames?: string[];
	/** `.eml` and `.ics` files in folders that become mail folders and calendars of the first user. */
	dataDir?: string;
	/** NDJSON of all Graph calls, appended; the environment's M365_SIMULATOR_RECORD unless said. */
	recordFile?: string;
	latencyMs?: number;
	/** Generated users; 2 unless `dataDir` is given or said otherwise. 0: an empty tenant for tests to fill. */
	users?: number;
	/** Generated messages of each user; 200. */
	messages?: number;
	/** Generated folders of each user beside the well-known ones; 8. */
	folders?: number;
	/** Generated contacts of each user; none unless said. */
	contacts?: number;
	/** Generated events of each user; none unless said. */
	events?: number;
	/** Generated To Do tasks of each user; none unless said. */
	tasks?: number;
	/** Generated files in each user's drive; none unless said. */
	files?: number;
	/** Generated sites with libraries, lists and pages; none unless said. */
	sites?: number;
	seed?: number;
	/** Keeps what is handed out that opens something (`tenant.issued`). */
	keepSecrets?: boolean;
	switches?: Partial<Switches>;
	/** Where certificates are kept between runs; a folder in the system's temporary one unless said. */
	certDir?: string;
}

export interface RunningSimulator {
	/** E.g. `http://127.0.0.1:1234`, without `/v1.0`. */
	graphUrl: string;
	loginUrl: string;
	tenantId: string;
	clientId: string;
	clientSecret: string;
	/** PEM of the certificate authority, for NODE_EXTRA_CA_CERTS. Absent with `http`. */
	caFile?: string;
	/** A valid application token with all roles. */
	token: string;
	tenant: Tenant;
	requestLog: RequestLog;
	/** Requests for paths that the simulator does not know. */
	misses: string[];
	stop(): Promise<void>;
}

const A_YEAR_MS = 365 * 24 * 3_600_000;

/** Starts a simulated tenant on loopback. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<RunningSimulator> {
	const tenant = new Tenant(options.seed ?? 1, options.switches);
	tenant.latencyMs = options.latencyMs ?? 0;
	tenant.issued.isKept = options.keepSecrets ?? false;
	if (options.dataDir !== undefined) await loadData(tenant, options.dataDir);
	else generateTenant(tenant, { users: options.users ?? 2, messages: options.messages ?? 200, folders: options.folders ?? 8, ...(options.contacts ? { contacts: options.contacts } : {}), ...(options.tasks ? { tasks: options.tasks } : {}), ...(options.events ? { events: options.events } : {}), ...(options.files ? { files: options.files } : {}), ...(options.sites ? { sites: options.sites } : {}) });
	const recordFile = options.recordFile ?? process.env.M365_SIMULATOR_RECORD;
	if (recordFile !== undefined) tenant.requestLog.recordTo(recordFile);
	const tls = options.http ? undefined : await certificatesFor(options.hostNames ?? [], options.certDir);
	const server = await listen(tenant, 'graph', options.port ?? 0, tls);
	const uploadServer = await listen(tenant, 'upload', 0, tls);
	const scheme = tls ? 'https' : 'http';
	const url = `${scheme}://127.0.0.1:${portOf(server)}`;
	tenant.uploadOrigin = `${scheme}://127.0.0.1:${portOf(uploadServer)}`;
	const running: RunningSimulator = {
		graphUrl: url,
		loginUrl: url,
		tenantId: tenant.tenantId,
		clientId: tenant.clientId,
		clientSecret: tenant.clientSecret,
		token: tenant.tokens.issue({ lifetimeMs: A_YEAR_MS }).token,
		tenant,
		requestLog: tenant.requestLog,
		misses: tenant.requestLog.misses,
		stop: async () => {
			await Promise.all([close(server), close(uploadServer)]);
			await tenant.requestLog.close();
		},
	};
	if (tls) running.caFile = tls.caFile;
	return running;
}

async function close(server: Server): Promise<void> {
	await new Promise<void>((resolve) => {
		server.close(() => resolve());
		server.closeAllConnections();
	});
}

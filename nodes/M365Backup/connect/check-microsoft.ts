import type { IExecuteFunctions } from 'n8n-workflow';
import { isFailure } from '../base/failure';
import { Findings, type Finding } from '../base/finding';
import { checkMicrosoftCredential, describedCredential, type MicrosoftCredential } from '../graph/credential-check';
import { grantsByExchange } from '../graph/exchange-grants';
import { permissionReport, type PermissionReport } from '../graph/permission-uses';
import { connectGraph, microsoftCredentialType, type ConnectedGraph } from './graph';

/** A backup stops if this machine's clock is further from Microsoft's. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;
/** The credential's last choice but one. */
const MOST_LISTED_LICENCES = 50_000;

export interface MicrosoftReport {
	findings: Finding[];
	/** Null: it could not be signed in. */
	tenantId: string | null;
	/** As the credential says; null: it cannot be read. */
	settings: ReturnType<typeof describedCredential> | null;
	/** Null: it could not be signed in. */
	permissions: PermissionReport | null;
	/** Microsoft's clock minus that of this machine; null if it was not heard. */
	clockSkewMs: number | null;
}

/**
 * What the Microsoft credential of this item opens: signing in, Graph, its clock, and every permission that is there or
 * lacking. Only reads. Faults are findings. Throws only `cancelled`, what n8n says without a credential, and our own mistakes.
 */
export async function checkMicrosoft(this: IExecuteFunctions, itemIndex: number): Promise<MicrosoftReport> {
	const signal = this.getExecutionCancelSignal();
	const credential = await this.getCredentials<MicrosoftCredential>(microsoftCredentialType, itemIndex);
	const findings = new Findings();
	const settings = await findings.trying('credential', () => Promise.resolve().then(() => describedCredential(credential)));
	const report: MicrosoftReport = { findings: findings.all, tenantId: null, settings: settings ?? null, permissions: null, clockSkewMs: null };
	if (!settings) return report;
	const connected = await findings.trying('signIn', () => connectGraph.call(this, itemIndex, { priority: 'backup', renewToken: true, ...(signal && { signal }) }));
	if (!connected) return report;
	report.tenantId = connected.tenantId;
	findings.good('signIn', `Signed in at tenant ${connected.tenantId} (${settings.cloud})`);
	if (!(await answers(connected, findings, signal))) return report;
	report.clockSkewMs = clock(connected, findings);
	findings.good('licences', plannedFor(settings));
	report.permissions = await permissionsOf(connected, settings.usedFor, findings, signal);
	await findings.trying('permissions', async () => {
		const { status, message } = await checkMicrosoftCredential(credential, { ...(signal && { signal }) });
		if (status === 'OK') findings.good('permissions', message);
		else findings.bad('permissions', message, 'Grant what is missing, give admin consent and check again; permissions.lacks says what each one is for.');
	});
	return report;
}

/** Whether Graph answers; that it refuses this question says nothing. */
async function answers({ graph }: ConnectedGraph, findings: Findings, signal: AbortSignal | undefined): Promise<boolean> {
	const asked = await findings.trying('graph', async () => {
		await graph.json({ path: '/users?$top=1&$select=id', retries: 1, ...(signal && { signal }) }).catch(unlessDenied);
		return true;
	});
	if (asked === true) findings.good('graph', `Microsoft Graph answers (${new URL(graph.baseUrl).host})`);
	return asked === true;
}

function clock({ graph }: ConnectedGraph, findings: Findings): number | null {
	const ahead = graph.clockSkewMs();
	if (ahead === undefined) {
		findings.unknown('microsoftClock', 'Microsoft Graph did not tell the time');
		return null;
	}
	const seconds = Math.round(Math.abs(ahead) / 1000);
	if (Math.abs(ahead) <= CLOCK_TOLERANCE_MS) findings.good('microsoftClock', `The clocks of Microsoft 365 and of this machine are ${seconds} s apart`);
	else findings.bad('microsoftClock', `The clock of this machine is ${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} that of Microsoft 365`, 'Set the clock of this machine, best by NTP: until then, backups stop before they store anything.');
	return -ahead;
}

async function permissionsOf({ graph, roles = [] }: ConnectedGraph, usedFor: 'backup' | 'backupAndRestore', findings: Findings, signal: AbortSignal | undefined): Promise<PermissionReport> {
	const plain = permissionReport(roles, usedFor);
	const granted = await grantsByExchange(graph, plain.lacks.map(({ permission }) => permission), { ...(signal && { signal }) }).catch(unknownUnlessStopped);
	const report = permissionReport(roles, usedFor, granted);
	if (report.beyondNeed.length > 0) {
		findings.good('morePermissions', `The app may do more than ${usedFor === 'backup' ? 'backups' : 'backups and restores'} need: ${report.beyondNeed.join(', ')}`, 'Take back what nothing else uses: whoever gets hold of the secret may do it, too.');
	}
	return report;
}

function plannedFor({ licences, isUnlimited }: ReturnType<typeof describedCredential>): string {
	if (isUnlimited) return 'Requests are slowed down only when the endpoint asks for it (Request Limits in the credential)';
	return `Requests are planned for a tenant of ${licences > MOST_LISTED_LICENCES ? 'more than' : 'up to'} ${Math.min(licences, MOST_LISTED_LICENCES)} licences (Licences in the credential)`;
}

function unlessDenied(error: unknown): void {
	if (!isFailure(error, 'denied')) throw error;
}

/** Nothing known is as good as nothing granted: what is lacking says that it may be there. */
function unknownUnlessStopped(error: unknown): Set<string> {
	if (isFailure(error) && !isFailure(error, 'cancelled')) return new Set();
	throw error;
}

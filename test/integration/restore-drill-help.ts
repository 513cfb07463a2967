import { restoreDrill, type RestoreDrillOptions, type RestoreDrillProof } from '../../nodes/M365Backup/engine/restore-drill';
import { driveRestorer, driveScratch } from '../../nodes/M365Backup/engine/drive';
import { mailboxRestorer, mailboxScratch } from '../../nodes/M365Backup/engine/mailbox';
import { siteContainers, siteRestorer, siteScratch } from '../../nodes/M365Backup/engine/site';
import { readTokenClaims } from '../../nodes/M365Backup/graph/tokens';
import type { Restorer, RestoreOutcome } from '../../nodes/M365Backup/workloads/restorer';
import type { DriveFixture } from '../support/drive-fixture';
import type { MailboxFixture } from '../support/mailbox-fixture';
import type { SiteFixture } from '../support/site-fixture';

export type DrillCall = Partial<RestoreDrillOptions> & {
	/** Of another mailbox or drive in the same tenant. */
	into?: string;
	/** What happens to a restored item before anybody reads it back. */
	afterRestore?: (outcome: RestoreOutcome) => void | Promise<void>;
	roles?: string[];
};

/** As the node drills a mailbox: the newest snapshot, into the mailbox itself. */
export async function drillMailbox(fixture: MailboxFixture, { into, afterRestore, roles, ...rest }: DrillCall = {}): Promise<RestoreDrillProof> {
	const graph = fixture.client();
	const { ambient, source } = fixture;
	const mailboxId = into ?? source.id;
	return await restoreDrill({
		...(await common(fixture)),
		restorer: watched(mailboxRestorer({ graph, mailboxId, ambient, source }), afterRestore),
		scratch: mailboxScratch({ graph, mailboxId, ambient, roles: roles ?? readTokenClaims(fixture.sim.token).roles }),
		graph: graph.stats,
		...rest,
	});
}

export async function drillDrive(fixture: DriveFixture, { into, afterRestore, roles, ...rest }: DrillCall = {}): Promise<RestoreDrillProof> {
	const graph = fixture.client();
	const { ambient, source } = fixture;
	const driveId = into ?? source.id;
	return await restoreDrill({
		...(await common(fixture)),
		restorer: watched(driveRestorer({ graph, driveId, ambient, source, originalDriveOf: () => source.id }), afterRestore),
		scratch: driveScratch({ graph, driveId, ...(roles ? { roles } : {}) }),
		graph: graph.stats,
		...rest,
	});
}

export async function drillSite(fixture: SiteFixture, { afterRestore, roles, ...rest }: DrillCall = {}): Promise<RestoreDrillProof> {
	const graph = fixture.client();
	const { ambient, source, repository } = fixture;
	const base = await common(fixture);
	return await restoreDrill({
		...base,
		restorer: watched(siteRestorer({ graph, siteId: source.id, ambient, source }), afterRestore),
		scratch: siteScratch({ graph, siteId: source.id, containers: await siteContainers(repository, base.snapshot), ...(roles ? { roles } : {}) }),
		graph: graph.stats,
		...rest,
	});
}

async function common({ repository, source, ambient, key }: MailboxFixture | DriveFixture | SiteFixture): Promise<Pick<RestoreDrillOptions, 'repository' | 'source' | 'ambient' | 'snapshot'>> {
	return { repository, source, ambient, snapshot: (await repository.snapshots(key)).at(-1)! };
}

function watched(restorer: Restorer, afterRestore: DrillCall['afterRestore']): Restorer {
	if (!afterRestore) return restorer;
	return {
		types: restorer.types,
		async *restore(request) {
			for await (const outcome of restorer.restore(request)) {
				await afterRestore(outcome);
				yield outcome;
			}
		},
	};
}

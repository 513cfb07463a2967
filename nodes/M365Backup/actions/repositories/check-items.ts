import { NodeOperationError, type IDataObject, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { realAmbient } from '../../base/ambient';
import { Findings, type Finding } from '../../base/finding';
import { checkMicrosoft, type MicrosoftReport } from '../../connect/check-microsoft';
import { placeToCheck, type CheckedPlace } from '../../connect/check-place';
import { encryptionOf } from '../../connect/repository';
import type { RepositoryOverview } from '../../engine/check-repository';
import { sentences } from '../errors';
import { useCases } from '../use-cases';

/** What the findings about a clock are called, so that the one that is wrong can be told from the others. */
const CLOCK = 'clock';

/** Check for one input item. */
export async function checkedItem(this: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData[]> {
	const microsoft = this.getNodeParameter('checkMicrosoft', itemIndex, true) === true ? await checkMicrosoft.call(this, itemIndex) : undefined;
	const place = await placeToCheck.call(this, itemIndex);
	const found = await tried.call(this, place, itemIndex);
	const storageFindings = [...place.findings, ...found.storage].map((finding) => withClockAdvice(finding, microsoft));
	const all = [...storageFindings, ...found.repositoryFindings, ...(microsoft?.findings ?? [])];
	const ok = all.every((finding) => finding.ok !== false);
	const result = {
		ok,
		message: message(all, found.repository),
		storage: { kind: place.kind, label: place.store?.label ?? '', checks: storageFindings },
		repository: found.repository,
		repositoryChecks: found.repositoryFindings,
		microsoft: microsoft ? microsoftOf(microsoft) : null,
		permissions: microsoft?.permissions ?? null,
		warnings: all.filter(({ ok: isOk, advice }) => isOk === false || advice !== undefined).map(({ detail, advice }) => sentences(detail, advice)),
	};
	if (!ok && this.getNodeParameter('options.failWhenNotOk', itemIndex, false) === true) throw notOk.call(this, all, result.message, itemIndex);
	return [{ json: { ...result }, pairedItem: { item: itemIndex } }];
}

/** Tries the storage and looks at what is in it. What had to be made for that goes again, whatever happens. */
async function tried(
	this: IExecuteFunctions,
	place: CheckedPlace,
	itemIndex: number,
): Promise<{ storage: Finding[]; repository: RepositoryOverview | null; repositoryFindings: Finding[] }> {
	const { store } = place;
	const findings = new Findings();
	const encryption = await findings.trying('encryption', () => encryptionOf.call(this, itemIndex));
	const hasKey = findings.all.length === 0;
	if (!store) return { storage: [], repository: null, repositoryFindings: findings.all };
	const signal = this.getExecutionCancelSignal();
	const lockDays: unknown = this.getNodeParameter('repositoryLockDays', itemIndex, 0);
	try {
		const { findings: storage } = await useCases.checkStorage(store, {
			ambient: realAmbient,
			readOnly: this.getNodeParameter('options.onlyToRestore', itemIndex, false) === true,
			lockDays: typeof lockDays === 'number' ? lockDays : 0,
			signal,
		});
		// Where nothing can be listed or read, the same would be said once more.
		if (storage.some(({ name, ok }) => ['list', 'missingFile'].includes(name) && ok === false)) return { storage, repository: null, repositoryFindings: findings.all };
		const repository = await useCases.checkRepository(store, { ambient: realAmbient, encryption, hasKey, findings, signal });
		return { storage, repository, repositoryFindings: findings.all };
	} finally {
		await place.cleanUp();
	}
}

/** Of three clocks, the odd one out is wrong. */
function withClockAdvice(finding: Finding, microsoft: MicrosoftReport | undefined): Finding {
	const skewMs = microsoft?.clockSkewMs ?? null;
	if (finding.name !== CLOCK || finding.ok !== false || skewMs === null) return finding;
	const isOurs = microsoft?.findings.some(({ name, ok }) => name === 'microsoftClock' && ok === false) === true;
	return { ...finding, advice: sentences(isOurs ? 'It is the clock of this machine that is wrong, going by that of Microsoft 365' : 'It is the clock of the storage that is wrong, going by that of Microsoft 365', finding.advice) };
}

function microsoftOf({ tenantId, settings, findings }: MicrosoftReport): IDataObject {
	const { isUnlimited, ...rest } = settings ?? { isUnlimited: false };
	return { tenantId, ...rest, requestLimits: isUnlimited ? 'onlyOnRequest' : 'microsoft', checks: findings };
}

/** A ready line for a chat. */
function message(findings: readonly Finding[], repository: RepositoryOverview | null): string {
	const wrong = findings.filter(({ ok }) => ok === false);
	const [first] = wrong;
	if (first) return sentences(`${wrong.length === 1 ? 'One thing is' : `${wrong.length} things are`} wrong: ${wrong.map(({ detail }) => detail).join('; ')}`, wrong.length === 1 ? first.advice : undefined);
	return `Everything that was tried works; ${newestIn(repository)}`;
}

function newestIn(repository: RepositoryOverview | null): string {
	if (!repository) return 'there is no repository yet: the first backup makes it';
	const { newestSnapshot: newest, countedAll } = repository;
	if (newest) return `the newest backup${countedAll ? '' : ' among those that were looked at'} is of ${newest.time}`;
	return countedAll ? 'there is no backup yet' : 'the files were not counted to the end, so that the newest backup is not known';
}

function notOk(this: IExecuteFunctions, findings: readonly Finding[], text: string, itemIndex: number): Error {
	const lines = findings.filter(({ ok }) => ok === false).map(({ detail, advice }) => sentences(detail, advice));
	return new NodeOperationError(this.getNode(), text, { description: lines.join('\n'), itemIndex });
}

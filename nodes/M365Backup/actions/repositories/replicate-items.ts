import { NodeOperationError, type IDataObject, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { realAmbient } from '../../base/ambient';
import { Failure } from '../../base/failure';
import { connectRepository, connectStore, encryptionOf, repositoryKey } from '../../connect/repository';
import type { ReplicaDamage, ReplicateReport, ReplicaVerification } from '../../engine/replicate';
import { picked } from '../../pickers/field';
import { resolveSource } from '../../pickers/source';
import { groupItems } from '../each-item';
import { failedItem, toNodeError } from '../errors';
import { useCases } from '../use-cases';

/** Damaged files that an error lists; the item has them all. */
const MOST_LISTED = 10;
/** Sources with news that the item lists. */
const MOST_SOURCES = 200;
const SOURCE_KEY = /^(?:mailbox|drive|site)-[0-9a-f]{16}$/;

/** Replicate: one summary for all input items that ask for the same. */
export async function replicateAll(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const { groups, failed } = groupItems.call(this, (itemIndex) =>
		JSON.stringify([
			repositoryKey.call(this, itemIndex),
			repositoryKey.call(this, itemIndex, 'target'),
			...['repositoryEncrypted', 'source', 'options'].map((name) => this.getNodeParameter(name, itemIndex, null) as unknown),
		]),
	);
	const output = [...failed];
	for (const { first, members } of groups) {
		try {
			const started = realAmbient.now().getTime();
			const report = await replicated.call(this, first);
			if (report.status === 'damaged' && this.getNodeParameter('options.failWhenDamaged', first, true) === true) throw damageError.call(this, report, first);
			const durationSeconds = Math.round((realAmbient.now().getTime() - started) / 1000);
			output.push({ json: summary(report, durationSeconds), pairedItem: members.map((item) => ({ item })) });
		} catch (error) {
			if (!this.continueOnFail()) throw toNodeError.call(this, error, first);
			output.push(...members.map((itemIndex) => failedItem(error, itemIndex)));
		}
	}
	return output;
}

async function replicated(this: IExecuteFunctions, itemIndex: number): Promise<ReplicateReport> {
	const from = await connectStore.call(this, itemIndex);
	const encryption = await encryptionOf.call(this, itemIndex);
	const sourceKeys = await chosenSource.call(this, itemIndex, encryption !== undefined);
	const to = await connectStore.call(this, itemIndex, { side: 'target', create: true });
	const signal = this.getExecutionCancelSignal();
	return await useCases.replicateRepository({
		from,
		to,
		ambient: realAmbient,
		encryption,
		sourceKeys,
		verification: verificationOf.call(this, itemIndex),
		removePruned: this.getNodeParameter('options.removePruned', itemIndex, false) === true,
		...(signal ? { signal } : {}),
	});
}

/** Of an encrypted repository whose key is not at hand only keys of sources can be told: names stand in its records. */
async function chosenSource(this: IExecuteFunctions, itemIndex: number, hasKey: boolean): Promise<string[] | undefined> {
	const raw: unknown = this.getNodeParameter('source', itemIndex, '');
	const { value } = picked(raw);
	if (value === '') return undefined;
	if (!hasKey && SOURCE_KEY.test(value)) return [value];
	const source = await resolveSource(await connectRepository.call(this, itemIndex), raw);
	return source ? [source.key] : undefined;
}

function verificationOf(this: IExecuteFunctions, itemIndex: number): ReplicaVerification {
	const verify: unknown = this.getNodeParameter('options.verify', itemIndex, 'newFiles');
	if (verify === 'newFiles' || verify === 'all' || verify === 'none') return verify;
	throw new Failure('invalid', `Verify is ${JSON.stringify(verify)}`, { nextStep: 'Set it to New Files, All or None.' });
}

function summary(report: ReplicateReport, durationSeconds: number): IDataObject {
	const { status, copied, alreadyThere, removed, verified, repaired, damaged, sources, sourceCount, snapshots, warnings, repositoryId } = report;
	return {
		status,
		message: message(report),
		copied: { ...copied },
		alreadyThere: { ...alreadyThere },
		removed: { ...removed },
		verified: { ...verified },
		repaired: { ...repaired },
		snapshots: { ...snapshots },
		damaged: damaged.map((one) => ({ ...one })),
		sources: sources.slice(0, MOST_SOURCES).map(({ key, source, snapshots: ofSource }) => ({ key, ...(source && { name: source.name, kind: source.workload }), snapshots: { ...ofSource } })),
		sourceCount,
		warnings,
		repositoryId,
		durationSeconds,
	};
}

/** A ready line for a chat. */
function message({ status, copied, snapshots, sourceCount, repaired, removed, damaged }: ReplicateReport): string {
	const parts = [
		`${snapshots.copied} new ${snapshots.copied === 1 ? 'snapshot' : 'snapshots'}`,
		`${copied.files} ${copied.files === 1 ? 'file' : 'files'}, ${megabytes(copied.bytes)}`,
		...(repaired.files > 0 ? [`${repaired.files} repaired`] : []),
		...(removed.snapshots > 0 ? [`${removed.snapshots} pruned snapshots removed`] : []),
	];
	const what = `${parts.join('; ')}; ${sourceCount} ${sourceCount === 1 ? 'source' : 'sources'}`;
	if (status === 'unchanged') return `The replica was up to date (${sourceCount} ${sourceCount === 1 ? 'source' : 'sources'})`;
	if (status === 'complete') return `The replica is up to date (${what})`;
	const lost = new Set(damaged.flatMap((one) => one.snapshots)).size;
	return `${damaged.length} ${damaged.length === 1 ? 'file' : 'files'} of the repository ${damaged.length === 1 ? 'is' : 'are'} damaged, ${lost} ${lost === 1 ? 'snapshot' : 'snapshots'} could not be replicated (${what})`;
}

function megabytes(bytes: number): string {
	return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

function damageError(this: IExecuteFunctions, report: ReplicateReport, itemIndex: number): Error {
	const lines = report.damaged.slice(0, MOST_LISTED).map(lineOf);
	if (report.damaged.length > MOST_LISTED) lines.push(`… and ${report.damaged.length - MOST_LISTED} more`);
	const next = 'Everything else was copied. Run Repository → Verify on the repository to see which items are affected; files that the replica or another copy still has can be put back (Repository → Import Files).';
	return new NodeOperationError(this.getNode(), message(report), { description: `${lines.join('\n')}\n${next}`, itemIndex });
}

function lineOf({ file, reason, snapshots }: ReplicaDamage): string {
	const needing = snapshots.length === 0 ? '' : ` (snapshots ${snapshots.slice(0, 3).join(', ')}${snapshots.length > 3 ? '…' : ''})`;
	return `${file}: ${reason}${needing}`;
}

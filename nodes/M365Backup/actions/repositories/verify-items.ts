import { NodeOperationError, type IDataObject, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import { connectRepository } from '../../connect/repository';
import type { Damage, VerifyReport } from '../../engine/verify';
import { resolveSource } from '../../pickers/source';
import { useCases } from '../use-cases';

/** Damaged files that an error lists; the item has them all. */
const MOST_LISTED = 10;

/** Verify for one input item. */
export async function verifiedItem(this: IExecuteFunctions, itemIndex: number): Promise<INodeExecutionData[]> {
	const thoroughness = this.getNodeParameter('thoroughness', itemIndex, 'quick') as string;
	const share = thoroughness === 'sample' ? sampleShare.call(this, itemIndex) : 1;
	const repository = await connectRepository.call(this, itemIndex);
	const source = await resolveSource(repository, this.getNodeParameter('source', itemIndex, ''));
	const signal = this.getExecutionCancelSignal();
	const report = await useCases.verifyRepository(repository, {
		deep: thoroughness !== 'quick',
		share,
		...(source ? { sourceKeys: [source.key] } : {}),
		...(signal ? { signal } : {}),
	});
	if (!report.ok && this.getNodeParameter('options.failWhenDamaged', itemIndex, true) === true) throw damageError.call(this, report, itemIndex);
	return [{ json: { message: message(report), ...(report as unknown as IDataObject) }, pairedItem: { item: itemIndex } }];
}

function sampleShare(this: IExecuteFunctions, itemIndex: number): number {
	const percent: unknown = this.getNodeParameter('samplePercent', itemIndex, 1);
	if (typeof percent === 'number' && percent > 0 && percent <= 100) return percent / 100;
	throw new Failure('invalid', `Sample (%) is ${JSON.stringify(percent)}`, { nextStep: 'Set it to a number above 0 and up to 100.' });
}

/** A ready line for a chat. */
function message({ ok, sources, snapshots, files, bytes, archives, elsewhere, damage }: VerifyReport): string {
	const what = `${sources} ${sources === 1 ? 'source' : 'sources'}, ${snapshots} snapshots, ${files} files, ${(bytes / 1e9).toFixed(2)} GB; ${archives.read} of ${archives.count} archives read to the last byte${saidElsewhere(elsewhere)}`;
	if (ok) return `Everything is there (${what})`;
	return `${damage.length} ${damage.length === 1 ? 'file is' : 'files are'} damaged or missing, ${lostItems(damage)} lost (${what})`;
}

function saidElsewhere({ archives, bytes, targets }: VerifyReport['elsewhere']): string {
	return archives === 0 ? '' : `; ${archives} archives, ${(bytes / 1e9).toFixed(2)} GB, are held by ${targets.join(' and ')} alone`;
}

function lostItems(damage: readonly Damage[]): string {
	const whole = new Set(damage.filter(({ wholeSnapshots }) => wholeSnapshots).flatMap(({ snapshots }) => snapshots)).size;
	const items = damage.reduce((sum, { itemCount }) => sum + itemCount, 0);
	const parts = [...(whole > 0 ? [`${whole} whole snapshots`] : []), ...(items > 0 || whole === 0 ? [`${items} ${items === 1 ? 'item' : 'items'}`] : [])];
	return parts.join(' and ');
}

function damageError(this: IExecuteFunctions, report: VerifyReport, itemIndex: number): Error {
	const lines = report.damage.slice(0, MOST_LISTED).map(({ file, reason, itemCount, snapshots }) => {
		const lost = itemCount > 0 ? `; ${itemCount} items` : '';
		return `${file}: ${reason}${lost}${snapshots.length > 0 ? ` (snapshots ${snapshots.slice(0, 3).join(', ')}${snapshots.length > 3 ? '…' : ''})` : ''}`;
	});
	if (report.damage.length > MOST_LISTED) lines.push(`… and ${report.damage.length - MOST_LISTED} more`);
	const next =
		'Put undamaged copies of the files back (Repository: Import Files). Without copies, run the backup once with Full Resync: it fetches again what is still in Microsoft 365.';
	return new NodeOperationError(this.getNode(), message(report), { description: `${lines.join('\n')}\n${next}`, itemIndex });
}

import { NodeOperationError, type IDataObject, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { Failure, isFailure, toFailure } from '../../base/failure';
import type { BackUpSummary } from '../../engine/back-up-summary';
import type { SourceWords } from '../../pickers/source-words';
import { failedItem, named, nextStepOf, sentences, technicalOf, titleOf, toNodeError } from '../errors';
import { manualRunMinutes } from './back-up-options';
import type { BackUpOutcome } from './back-up-sources';

/**
 * The summaries, each paired with its input item. With Continue On Fail, what failed becomes an error item. Without,
 * one error lists everything that failed, after all have run: what was backed up stays.
 */
export function reportBackUps(this: IExecuteFunctions, outcomes: readonly BackUpOutcome[], words: SourceWords): INodeExecutionData[] {
	const output: INodeExecutionData[] = [];
	const failures: { outcome: BackUpOutcome; error: unknown }[] = [];
	for (const outcome of outcomes) {
		const error = errorOf(outcome);
		if (wasCancelled(error)) continue;
		if (error === undefined && 'summary' in outcome.result) {
			output.push({ json: summaryJson(outcome, outcome.result.summary, words), pairedItem: { item: outcome.itemIndex } });
		} else {
			failures.push({ outcome, error });
			output.push(failedItem(error, outcome.itemIndex, { name: nameOf(outcome), details: failureDetails(outcome) }));
		}
	}
	hintAtManualLimit.call(this, outcomes);
	if (failures.length === 0 || this.continueOnFail()) return output;
	throw listFailures.call(this, failures, outcomes.length, words);
}

/** undefined: nothing that should raise an alarm. */
function errorOf(outcome: BackUpOutcome): unknown {
	if ('error' in outcome.result) return outcome.result.error;
	const { summary } = outcome.result;
	// A limit that was set, and the user's own stop, are no errors.
	const isIncomplete = summary.status === 'partial' && !summary.hasMore && summary.stoppedBy === null;
	if (!isIncomplete || !outcome.choices?.failWhenIncomplete) return undefined;
	return new Failure('transient', summary.message, {
		nextStep:
			'What could be read is stored; the next run tries the rest again. To go on without an error, turn off the option Fail When Incomplete and look at status.',
	});
}

/** As the user knows it. */
function nameOf({ source, named: given }: BackUpOutcome): string | undefined {
	return source?.name ?? given;
}

function summaryJson(outcome: BackUpOutcome, summary: BackUpSummary, { one }: SourceWords): IDataObject {
	const repeated = `Another item of this run names the same ${one}; it was backed up once`;
	const warnings = outcome.isRepeated ? [...summary.warnings, repeated] : summary.warnings;
	return { ...summary, warnings };
}

function failureDetails(outcome: BackUpOutcome): IDataObject {
	const source = outcome.source ? { ...outcome.source } : null;
	if (!('summary' in outcome.result)) return { source };
	const { status, snapshot, changes, totals, failures, warnings } = outcome.result.summary;
	return { source, status, snapshot, changes, totals, failures, warnings };
}

function listFailures(
	this: IExecuteFunctions,
	failures: readonly { outcome: BackUpOutcome; error: unknown }[],
	total: number,
	{ many }: SourceWords,
): Error {
	const [first, ...others] = failures;
	if (first && others.length === 0) return toNodeError.call(this, first.error, first.outcome.itemIndex, total > 1 ? nameOf(first.outcome) : first.outcome.source?.name);
	const lines = linesByCause(failures);
	return new NodeOperationError(this.getNode(), `${failures.length} of ${total} ${many} were not backed up completely`, {
		description: `${lines.join('\n')}\n${total > failures.length ? 'The others were backed up.' : ''}`.trim(),
		...(first ? { itemIndex: first.outcome.itemIndex } : {}),
	});
}

/** One line for each cause: a wrong secret fails every source in the same way. */
function linesByCause(failures: readonly { outcome: BackUpOutcome; error: unknown }[]): string[] {
	const causes = new Map<string, { failure: Failure; names: string[] }>();
	for (const { outcome, error } of failures) {
		const failure = toFailure(error);
		const cause = `${failure.message}\n${nextStepOf(failure)}`;
		const names = causes.get(cause)?.names ?? [];
		causes.set(cause, { failure, names });
		const name = nameOf(outcome);
		if (name !== undefined) names.push(name);
	}
	return [...causes.values()].map(({ failure, names }) =>
		sentences(named(titleOf(failure), names.length === 0 ? undefined : names.join(', ')), nextStepOf(failure), technicalOf(failure)),
	);
}

function hintAtManualLimit(this: IExecuteFunctions, outcomes: readonly BackUpOutcome[]): void {
	const wasCut = outcomes.some(
		({ choices, result }) => choices?.stopsBecauseManual && 'summary' in result && result.summary.stoppedBy === 'limit',
	);
	if (!wasCut) return;
	this.addExecutionHints({
		message: `It works. A run by hand stops after ${manualRunMinutes} minutes; the schedule goes on from here. To let it run on, set the option Stop After (Minutes) to 0.`,
		type: 'info',
		location: 'outputPane',
	});
}

/** The user stopped the run: nothing needs to be reported, and n8n has closed the execution already. */
function wasCancelled(error: unknown): boolean {
	return isFailure(error, 'cancelled') || (error instanceof Error && error.name === 'AbortError');
}

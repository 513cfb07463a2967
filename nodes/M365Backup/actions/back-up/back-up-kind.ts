import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { GraphClient } from '../../connect/graph';
import type { SourceRef } from '../../connect/repository';
import type { BackUpOptions } from '../../engine/back-up-options';

/** A source as the user named it, before Microsoft was asked about it. */
export interface NamedSource {
	/** For errors: an address, an ID, a URL. */
	shown: string;
	/** Failures: notFound, denied, invalid. */
	find(graph: GraphClient): Promise<Pick<SourceRef, 'id' | 'name'>>;
}

/** What Back Up of one kind of source has of its own. */
export interface BackUpKind<Choices> {
	workload: SourceRef['workload'];
	/** Sentence case, as the node panel shows it. */
	action: string;
	description: string;
	/** What to back up. */
	sourceFields: INodeProperties[];
	/** Options beside those that all kinds have. */
	options: INodeProperties[];
	/** Reads its own options. Failure invalid: a value makes no sense; nothing was sent. */
	choices(this: IExecuteFunctions, itemIndex: number): Choices;
	/** Failure invalid: nothing is named. */
	named(this: IExecuteFunctions, itemIndex: number): NamedSource;
	workloadOf(use: { graph: GraphClient; sourceId: string; choices: Choices }): BackUpOptions['workload'];
}

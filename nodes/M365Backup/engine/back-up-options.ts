import type { Ambient } from '../base/ambient';
import type { SourceRef } from '../repository/records';
import type { Repository } from '../repository/repository';
import type { Workload } from '../workloads/workload';
import type { GraphCounters } from './back-up-summary';
import type { SourceQuotas } from './time-left';

export interface BackUpOptions {
	repository: Repository;
	source: SourceRef;
	workload: Workload;
	ambient: Ambient;
	/** Cancels: what has been read is committed within 20 s and the summary says so. */
	signal?: AbortSignal | undefined;
	stopAfter?: { ms?: number | undefined; bytes?: number | undefined } | undefined;
	/** Default: 10 minutes or 1 GB (DESIGN §3.5.1). */
	commitEvery?: { ms?: number | undefined; bytes?: number | undefined } | undefined;
	fullResync?: boolean | undefined;
	tag?: string | undefined;
	/** Also write a snapshot when nothing has changed. */
	alwaysRecord?: boolean | undefined;
	/** Counters of the workload's client; read at the start and at the end. */
	graph?: GraphCounters | undefined;
	/** For an estimate of what is left where a limit stops the run. */
	quotas?: SourceQuotas | undefined;
	/** Host clock minus the service's clock; undefined before its first answer. */
	clockSkewMs?: (() => number | undefined) | undefined;
	/** For the lease, e.g. `n8n execution 4711`. */
	leaseHolder?: string | undefined;
	volumeBytes?: number | undefined;
	/** Where the run does not fit the history of its source, the newest snapshot from before it is held. */
	holdWhenUnusual?: boolean | undefined;
}

/** What a client has cost since it was made. */
export interface GraphStats {
	/** Requests as Microsoft counts them: each one inside a `$batch`, too. */
	requests: number;
	/** What SharePoint and OneDrive charged for those that went there (resource units). */
	resourceUnits: number;
	/** HTTP calls to Graph and to pre-authorised URLs. */
	calls: number;
	/** Time that Microsoft's limits kept calls waiting, in ms. */
	throttledMs: number;
	/** Second and later tries of calls and of requests inside a `$batch`. */
	retries: number;
}

'use strict';
/**
 * Loaded into n8n by `--require`. n8n looks once a minute which executions have waited long enough (its wait-tracker.js),
 * and no setting changes that; here it looks once a second. All else is as ever.
 */
const { setInterval: original } = globalThis;

globalThis.setInterval = (callback, delay, ...rest) => {
	const looksForWaiting = delay === 60_000 && (new Error().stack ?? '').includes('wait-tracker');
	return original(callback, looksForWaiting ? 1000 : delay, ...rest);
};

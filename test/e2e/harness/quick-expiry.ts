import { join } from 'node:path';

/** For an n8n that looks once a second, not once a minute, which waiting executions are due (quick-expiry.cjs). */
export const expiresQuickly = { NODE_OPTIONS: `--require ${join(__dirname, 'quick-expiry.cjs')}` };

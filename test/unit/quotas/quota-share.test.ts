import { describe, expect, it } from 'vitest';
import { quotaShare } from '../../../nodes/M365Backup/connect/quota-share';

describe('the share of the quotas that the environment gives', () => {
	it.each([
		[undefined, 1],
		['', 1],
		['1', 1],
		['1/4', 0.25],
		[' 1 / 3 ', 1 / 3],
		['0.5', 0.5],
		['20%', 0.2],
		['12.5 %', 0.125],
		['100%', 1],
	])('%j is %d', (text, share) => {
		expect(quotaShare({ M365_BACKUP_QUOTA_SHARE: text })).toBeCloseTo(share, 10);
	});

	it.each(['0', '2', '0%', '101%', '1/0', '3/2', '-1', '1,5', 'half', '1/2%'])('%j stops every run, with what to do', (text) => {
		expect(() => quotaShare({ M365_BACKUP_QUOTA_SHARE: text })).toThrow(
			expect.objectContaining({ kind: 'invalid', message: `The environment variable M365_BACKUP_QUOTA_SHARE is "${text}"`, nextStep: expect.stringContaining('1/4 on each of four workers') as string }) as Error,
		);
	});
});

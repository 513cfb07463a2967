import { Failure } from '../base/failure';

/** Set where several n8n processes back up the same tenant: what part of its quotas is this one's. */
export const quotaShareVariable = 'M365_BACKUP_QUOTA_SHARE';

/**
 * The part of a tenant's quotas that this process may use, in (0, 1], from the environment: `1/4`, `0.25` or `25%`; all of
 * them where nothing is set. Throws `invalid` for anything else: a misspelt share must not become the whole.
 */
export function quotaShare(environment: Readonly<Record<string, string | undefined>>): number {
	const text = environment[quotaShareVariable]?.trim() ?? '';
	if (text === '') return 1;
	const [, number = '', mark = '', divisor = '1'] = /^(\d+(?:\.\d+)?)\s*(?:(%)|\/\s*(\d+))?$/.exec(text) ?? [];
	const share = Number(number) / (mark === '%' ? 100 : Number(divisor));
	if (number !== '' && share > 0 && share <= 1) return share;
	throw new Failure('invalid', `The environment variable ${quotaShareVariable} is "${text}"`, {
		nextStep: 'Set it to the part of the quotas that this n8n process may use: 1/4 on each of four workers, or 0.25, or 25%. Then start n8n again.',
	});
}

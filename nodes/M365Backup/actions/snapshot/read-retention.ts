import type { IExecuteFunctions } from 'n8n-workflow';
import { Failure } from '../../base/failure';
import type { RetentionPolicy } from '../../engine/prune';

const counts = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;

/** The policy of the parameters. Failure invalid: days that make no sense. What else is wrong, the policy itself says. */
export function readRetention(this: IExecuteFunctions, itemIndex: number): RetentionPolicy {
	if (this.getNodeParameter('retention', itemIndex, 'days') === 'tiered') return tiers(this.getNodeParameter('tiers', itemIndex, {}));
	const days: unknown = this.getNodeParameter('keepDays', itemIndex);
	// An expression that found nothing must not mean "keep nothing", nor silently "for ever".
	if (typeof days !== 'number' || !Number.isInteger(days) || days < 0) {
		throw new Failure('invalid', `Days is ${JSON.stringify(days)}`, { nextStep: 'Set Days to a whole number, or to 0 to keep everything.' });
	}
	return days === 0 ? {} : { within: `P${days}D` };
}

function tiers(given: unknown): RetentionPolicy {
	const policy: RetentionPolicy = {};
	const values = (given ?? {}) as Record<string, unknown>;
	for (const kind of counts) {
		const count = values[kind];
		if (typeof count === 'number') policy[kind] = count;
		else if (count !== undefined && count !== null) {
			throw new Failure('invalid', `The tier ${kind} is ${JSON.stringify(count)}`, { nextStep: 'Set it to a whole number; -1 keeps all, 0 none of that kind.' });
		}
	}
	const within = values['within'];
	if (typeof within === 'string' && within.trim() !== '') policy.within = within.trim().toUpperCase();
	return policy;
}

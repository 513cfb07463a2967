import { describe, expect, it } from 'vitest';
import { ruleFingerprint } from '../../../../nodes/M365Backup/workloads/mailbox/settings/rule-fingerprint';

const rule = {
	id: 'A',
	displayName: 'Invoices',
	sequence: 3,
	isEnabled: true,
	hasError: false,
	conditions: { subjectContains: ['invoice'], fromAddresses: [{ emailAddress: { name: 'Bea', address: 'Bea@example.com' } }] },
	actions: { moveToFolder: 'F1', stopProcessingRules: true },
};

describe('what a rule says', () => {
	it('does not depend on what Exchange sets by itself, nor on the order or spelling of what it serves', () => {
		const served = {
			actions: { stopProcessingRules: true, moveToFolder: 'F1', delete: false, forwardTo: [], copyToFolder: null },
			conditions: { '@odata.type': '#x', fromAddresses: [{ emailAddress: { address: 'bea@EXAMPLE.com' } }], subjectContains: ['invoice'] },
			exceptions: null,
			displayName: 'Invoices',
			id: 'B',
			isEnabled: false,
			sequence: 1,
		};
		expect(ruleFingerprint(served)).toBe(ruleFingerprint(rule));
	});

	it.each([
		['its name', { ...rule, displayName: 'invoices' }],
		['a condition', { ...rule, conditions: { subjectContains: ['Invoice'] } }],
		['a sender', { ...rule, conditions: { ...rule.conditions, fromAddresses: [{ emailAddress: { name: 'Bea', address: 'b@example.com' } }] } }],
		['an action', { ...rule, actions: { moveToFolder: 'F1' } }],
		['its folder', { ...rule, actions: { ...rule.actions, moveToFolder: 'f1' } }],
		['an exception', { ...rule, exceptions: { isSigned: true } }],
	])('depends on %s', (_what, other) => {
		expect(ruleFingerprint(other)).not.toBe(ruleFingerprint(rule));
	});
});

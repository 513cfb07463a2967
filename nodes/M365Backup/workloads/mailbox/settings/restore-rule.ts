import { Failure, isFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { RestorableItem, RestoreOutcome } from '../../restorer';
import { createOnce } from '../restore/create-once';
import { signalOf } from '../restore/restore-context';
import type { GraphRule } from './graph-settings';
import { asObject, asText, rulesPath } from './graph-settings';
import type { SettingsRestore } from './settings-restore';
import { ruleFingerprint } from './rule-fingerprint';
import { predicatesForRequest } from './rule-folders';
import { settingOutcome } from './setting-outcome';

const OFF = 'It is switched off: look at it in Outlook and switch it on if it should work again.';

/**
 * One rule. A living one is left as it is unless the policy says replace; what is made anew is always off, whatever it
 * was, since a rule that forwards would send mail to others from then on.
 */
export async function restoreRule(restore: SettingsRestore, item: RestorableItem, stored: JsonObject): Promise<RestoreOutcome> {
	const { living, request } = restore;
	const { body, notes, missing } = await requestFor(restore, stored);
	const fingerprint = ruleFingerprint(body);
	const original = restore.context.isOriginalMailbox ? (await living.rules()).find((rule) => rule.id === asText(stored['id'])) : undefined;
	if (original) {
		living.take(original.id);
		const there = { newId: original.id };
		if (ruleFingerprint(original) === fingerprint) return settingOutcome(item, 'skipped', { ...there, reason: `It is there, as it was${switchNote(original, stored)}` });
		if (request.conflictPolicy !== 'replace') return settingOutcome(item, 'skipped', { ...there, reason: 'It is there but was changed; choose Replace to set it back' });
		if (original['isReadOnly'] === true) return settingOutcome(item, 'skipped', { ...there, reason: 'It was changed, but belongs to another program: Microsoft Graph cannot change it' });
	} else {
		const same = await living.sameRule(fingerprint);
		if (same) {
			living.take(same.id);
			return settingOutcome(item, 'skipped', { newId: same.id, reason: 'A rule that says the same is there' });
		}
	}
	if (stored['isReadOnly'] === true) throw foreignRule();
	if (Object.keys(asObject(body['actions']) ?? {}).length === 0) throw nothingToDo(missing);
	const outcome = original ? 'replaced' : 'created';
	const reason = original ? `It was changed and is set back. ${OFF}` : OFF;
	if (request.preview) return settingOutcome(item, outcome, { reason, fidelity: notes });

	// A restore that was cut off before it took the changed one away has made it already.
	const created = (original && (await living.sameRule(fingerprint))) ?? (await create(restore, body, fingerprint));
	living.take(created.id);
	if (original) await remove(restore, original.id);
	return settingOutcome(item, outcome, { newId: created.id, reason, fidelity: notes });
}

async function requestFor(restore: SettingsRestore, stored: JsonObject): Promise<{ body: JsonObject; notes: string[]; missing: string[] }> {
	const { actions, notes, missing } = await restore.ruleFolders.map(asObject(stored['actions']));
	const conditions = predicatesForRequest(stored['conditions']);
	const exceptions = predicatesForRequest(stored['exceptions']);
	const { sequence } = stored;
	const body: JsonObject = {
		displayName: asText(stored['displayName']),
		...(typeof sequence === 'number' && sequence > 0 ? { sequence } : {}),
		isEnabled: false,
		...(conditions ? { conditions } : {}),
		...(exceptions ? { exceptions } : {}),
		actions,
	};
	return { body, notes, missing };
}

async function create(restore: SettingsRestore, body: JsonObject, fingerprint: string): Promise<GraphRule> {
	const { context, living } = restore;
	const find = async (): Promise<GraphRule | undefined> => await living.sameRule(fingerprint, { anew: true });
	try {
		return await createOnce(
			() => context.graph.json<GraphRule>({ method: 'POST', path: rulesPath(context.userPath), body, ...signalOf(context) }),
			find,
			context.ambient,
			context.signal,
		);
	} catch (error) {
		const there = isFailure(error, 'conflict') ? await find() : undefined;
		if (!there) throw error;
		return there;
	}
}

/** Only once the one that is set back stands. */
async function remove({ context }: SettingsRestore, ruleId: string): Promise<void> {
	try {
		await context.graph.json({ method: 'DELETE', path: `${rulesPath(context.userPath)}/${encodeURIComponent(ruleId)}`, ...signalOf(context) });
	} catch (error) {
		if (!isFailure(error, 'notFound')) throw error;
	}
}

function switchNote(living: JsonObject, stored: JsonObject): string {
	if (living['isEnabled'] === stored['isEnabled']) return '';
	return stored['isEnabled'] === true ? '; it is switched off now, and a restore switches no rule on' : '; it is switched on now, which was left so';
}

function foreignRule(): Failure {
	return new Failure('invalid', 'The rule was made by another program in a way that Microsoft Graph cannot make', {
		nextStep: 'Make it anew in Outlook. Item: Export shows what it did.',
	});
}

function nothingToDo(missing: readonly string[]): Failure {
	if (missing.length === 0) return new Failure('invalid', 'The backup holds no action of this rule', { nextStep: 'Choose another snapshot.' });
	return new Failure('notFound', `The folder that the rule needs is not there: ${missing.join(', ')}`, {
		nextStep: 'Restore that folder first, then the rule.',
	});
}

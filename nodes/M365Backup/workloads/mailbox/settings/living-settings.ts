import { isFailure, toFailure } from '../../../base/failure';
import type { JsonObject } from '../../../base/json';
import type { RestoreContext } from '../restore/restore-context';
import { signalOf } from '../restore/restore-context';
import type { GraphCategory, GraphRule } from './graph-settings';
import { asText, categoriesPath, mailboxSettingsPath, rulesPath } from './graph-settings';
import { ruleFingerprint } from './rule-fingerprint';

/** The rules, categories and settings that a mailbox has now, each kind read once, when it is first needed. */
export class LivingSettings {
	private rulesPromise: Promise<GraphRule[]> | undefined;
	private categoriesPromise: Promise<GraphCategory[]> | undefined;
	/** Rules that an item of this restore stands for already: two equal ones in the backup need two here. */
	private readonly taken = new Set<string>();

	constructor(private readonly context: RestoreContext) {}

	rules(options: { anew?: boolean } = {}): Promise<GraphRule[]> {
		if (options.anew) this.rulesPromise = undefined;
		this.rulesPromise ??= this.list<GraphRule>(rulesPath(this.context.userPath));
		return this.keptUnlessPassing('rulesPromise', this.rulesPromise);
	}

	categories(options: { anew?: boolean } = {}): Promise<GraphCategory[]> {
		if (options.anew) this.categoriesPromise = undefined;
		this.categoriesPromise ??= this.list<GraphCategory>(categoriesPath(this.context.userPath));
		return this.keptUnlessPassing('categoriesPromise', this.categoriesPromise);
	}

	mailboxSettings(): Promise<JsonObject> {
		return this.context.graph.json<JsonObject>({ path: mailboxSettingsPath(this.context.userPath), ...signalOf(this.context) });
	}

	/** As Exchange compares names: without case. */
	async category(name: string, options: { anew?: boolean } = {}): Promise<GraphCategory | undefined> {
		const folded = name.normalize('NFC').toLowerCase();
		return (await this.categories(options)).find((one) => asText(one['displayName']).normalize('NFC').toLowerCase() === folded);
	}

	/** A rule that says the same and that no other item stands for. */
	async sameRule(fingerprint: string, options: { anew?: boolean } = {}): Promise<GraphRule | undefined> {
		return (await this.rules(options)).find((rule) => !this.taken.has(rule.id) && ruleFingerprint(rule) === fingerprint);
	}

	take(ruleId: string): void {
		this.taken.add(ruleId);
	}

	private async list<T>(path: string): Promise<T[]> {
		const found: T[] = [];
		for await (const page of this.context.graph.pages<T>({ path, ...signalOf(this.context) })) found.push(...page);
		return found;
	}

	/** A lasting refusal is the answer for every item; what failed in passing is asked again. */
	private async keptUnlessPassing<T>(field: 'rulesPromise' | 'categoriesPromise', asked: Promise<T>): Promise<T> {
		try {
			return await asked;
		} catch (error) {
			if (isFailure(toFailure(error), 'transient', 'throttled')) this[field] = undefined;
			throw error;
		}
	}
}

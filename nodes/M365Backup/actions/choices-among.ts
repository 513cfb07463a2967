import { Failure } from '../base/failure';
import { commaList } from './comma-list';

/** Those of a list's values that a parameter names; an expression may also give them as text. Failure invalid: one that is none. */
export function choicesAmong<Value extends string>(options: readonly { value: Value }[], given: unknown): Value[] {
	const wanted = new Set<string>(commaList(given));
	const chosen = options.map(({ value }) => value).filter((value) => wanted.delete(value));
	const [unknown] = wanted;
	if (unknown === undefined) return chosen;
	throw new Failure('invalid', `There is no kind "${unknown}"`, { nextStep: `Choose among ${options.map(({ value }) => value).join(', ')}.` });
}

import type { Failure } from '../base/failure';

/** What happened and what to do about it, as one text for a result. */
export function failureInWords({ title, message, nextStep }: Failure): string {
	const what = title ?? message;
	if (nextStep === undefined) return what;
	return nextStep.startsWith(what) ? nextStep : `${what.replace(/\.$/, '')}. ${nextStep}`;
}

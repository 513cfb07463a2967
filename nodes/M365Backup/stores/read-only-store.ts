import { Failure } from '../base/failure';
import type { Store } from './store';

/** The same files, but nothing can be written or deleted: for verify, search and previews. Throws `denied`. */
export function createReadOnlyStore(inner: Store): Store {
	const refuse = (doing: string): Promise<never> =>
		Promise.reject(
			new Failure('denied', `The repository (${inner.label}) is opened for reading only: could not ${doing}`, {
				code: 'readOnly',
				nextStep: 'Use an operation that may write, or open the repository for writing.',
			}),
		);
	const { asStored } = inner;
	return {
		...(asStored && { asStored: { ...asStored, store: createReadOnlyStore(asStored.store) } }),
		capabilities: { ...inner.capabilities, ifAbsent: false, retainUntil: false },
		label: inner.label,
		list: (prefix, signal) => inner.list(prefix, signal),
		get: (key, range, signal) => inner.get(key, range, signal),
		put: (key) => refuse(`write ${key}`),
		...(inner.lockedUntil && { lockedUntil: inner.lockedUntil.bind(inner) }),
		delete: (keys) => (keys.length === 0 ? Promise.resolve() : refuse(`delete ${keys.join(', ').slice(0, 200)}`)),
	};
}

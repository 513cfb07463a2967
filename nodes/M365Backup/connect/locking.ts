import type { IExecuteFunctions } from 'n8n-workflow';
import { realAmbient } from '../base/ambient';
import { Failure } from '../base/failure';
import { isLockable } from '../repository/lockable';
import { createLockingStore } from '../stores/locking-store';
import type { LockMode } from '../stores/s3/s3-locks';
import type { Store } from '../stores/store';
import { fieldName, type RepositorySide } from './repository-side';

/**
 * The store with what the parameters of this item say of locks: with *Lock Files For (Days)* each file that is written once
 * is locked as it is put. Throws `invalid` for days that make no sense.
 */
export function withLocks(this: IExecuteFunctions, store: Store, itemIndex: number, side: RepositorySide): Store {
	const days = Number(this.getNodeParameter(fieldName(side, 'repositoryLockDays'), itemIndex, 0));
	return days === 0 ? store : createLockingStore(store, { days, ambient: realAmbient, isLockable });
}

/** The value of *Lock Mode*. Throws `invalid`. */
export function lockModeOf(this: IExecuteFunctions, itemIndex: number, side: RepositorySide): LockMode {
	const mode = this.getNodeParameter(fieldName(side, 'repositoryLockMode'), itemIndex, 'compliance') as string;
	if (mode === 'compliance') return 'COMPLIANCE';
	if (mode === 'governance') return 'GOVERNANCE';
	throw new Failure('invalid', `There is no lock mode "${mode}"`, { nextStep: 'Set Lock Mode to Compliance or Governance.' });
}

import type { RestoreRequest } from '../../restorer';
import type { RestoreContext } from '../restore/restore-context';
import type { LivingSettings } from './living-settings';
import type { RuleFolders } from './rule-folders';

/** What one restore of settings shares. */
export interface SettingsRestore {
	context: RestoreContext;
	request: RestoreRequest;
	living: LivingSettings;
	ruleFolders: RuleFolders;
}

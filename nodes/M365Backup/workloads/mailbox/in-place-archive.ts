import { isFailure } from '../../base/failure';
import type { MailContext } from './mail-context';

const NOT_BACKED_UP = 'This mailbox has an in-place archive, which is not backed up: Microsoft Graph does not give its mail';

/**
 * Whether the mailbox has an in-place archive, which the mail interface does not reach (mail-api-overview): somebody who
 * relies on the backup should know. Only the beta endpoint names it (exchangeSettings: inPlaceArchiveMailboxId; global
 * cloud, User.Read.All), so that a refusal of any sort says nothing and is no trouble.
 *
 * @returns the warning, or undefined.
 */
export async function archiveWarning(context: MailContext, signal: AbortSignal): Promise<string | undefined> {
	const beta = context.graph.baseUrl.replace(/\/v1\.0$/, '/beta');
	try {
		const settings = await context.graph.json<{ inPlaceArchiveMailboxId?: string | null } | undefined>({
			path: `${beta}${context.userPath}/settings/exchange`,
			retries: 0,
			signal,
		});
		return settings?.inPlaceArchiveMailboxId ? NOT_BACKED_UP : undefined;
	} catch (error) {
		if (!isFailure(error) || isFailure(error, 'cancelled')) throw error;
		return undefined;
	}
}

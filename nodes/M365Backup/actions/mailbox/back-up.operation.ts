import type { IExecuteFunctions } from 'n8n-workflow';
import { realAmbient } from '../../base/ambient';
import { Failure } from '../../base/failure';
import { MAILBOX_PARTS, type ExchangeExportMode, type MailboxPartName } from '../../engine/mailbox';
import { findMailbox, mailboxField, requireMailbox } from '../../pickers/mailbox';
import type { BackUpKind } from '../back-up/back-up-kind';
import { backUpOperation } from '../back-up/back-up-operation';
import { backUpOption } from '../back-up/back-up-options';
import { commaList } from '../comma-list';
import { mailboxParts, mailboxPartsAmong } from '../mailbox-parts';
import { useCases } from '../use-cases';
import { mailboxOptions } from './back-up-options';

/** What of a mailbox to back up. */
interface MailboxChoices {
	content: MailboxPartName[];
	recoverableItems: boolean;
	exchangeExport: ExchangeExportMode;
	excludeFolders: string[];
}

function choices(this: IExecuteFunctions, itemIndex: number): MailboxChoices {
	const option = <T>(name: string, fallback: T): T => backUpOption.call(this, name, itemIndex, fallback) as T;
	const content = mailboxPartsAmong(option<unknown>('content', [...MAILBOX_PARTS]));
	if (content.length === 0) {
		throw new Failure('invalid', 'No content was chosen to back up', { nextStep: 'Choose something in the option Content, or remove the option.' });
	}
	const exchangeExport = option<ExchangeExportMode>('exchangeExport', 'lossy');
	if (!['off', 'lossy', 'all'].includes(exchangeExport)) {
		throw new Failure('invalid', `Exchange Export is "${exchangeExport}"`, { nextStep: 'Choose the option Exchange Export anew.' });
	}
	return {
		content,
		recoverableItems: option('recoverableItems', false),
		exchangeExport,
		excludeFolders: commaList(option('excludeFolders', '')),
	};
}

const kind: BackUpKind<MailboxChoices> = {
	workload: 'mailbox',
	action: 'Back up mailbox',
	description: 'Store what is new or has changed in a mailbox since its last backup',
	sourceFields: [
		mailboxField({
			name: 'mailbox',
			displayName: 'Mailbox',
			description: 'The mailbox to back up. Each input item backs up one mailbox.',
		}),
	],
	options: mailboxOptions(mailboxParts),
	choices,
	named(this: IExecuteFunctions, itemIndex: number) {
		const shown = requireMailbox.call(this, 'mailbox', itemIndex);
		return {
			shown,
			find: async (graph) => {
				const { id, userPrincipalName } = await findMailbox(graph, shown);
				return { id, name: userPrincipalName };
			},
		};
	},
	workloadOf: ({ graph, sourceId, choices: chosen }) => useCases.mailboxWorkload({ graph, mailboxId: sourceId, ambient: realAmbient, ...chosen }),
};

export const backUp = backUpOperation(kind);

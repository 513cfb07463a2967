import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { repositoryFields } from '../../pickers/repository';
import { sourceWords } from '../../pickers/source-words';
import { optionsField } from '../collection-field';
import { checkFileOutput, filesOfSources } from '../repositories/file-items';
import type { Operation } from '../operation';
import { backUpOptions, fileOutputFields } from './back-up-fields';
import type { BackUpKind } from './back-up-kind';
import { reportBackUps } from './back-up-report';
import { backUpAll } from './back-up-sources';

/** Back Up of one kind: backs up the sources of all input items; the second output, where it is on, has the files to copy. */
export function backUpOperation<Choices>(kind: BackUpKind<Choices>): Operation {
	const words = sourceWords[kind.workload];
	return {
		value: 'backUp',
		name: 'Back Up',
		action: kind.action,
		description: kind.description,
		properties: [...kind.sourceFields, ...repositoryFields, ...fileOutputFields, optionsField(backUpOptions(words, kind.options))],
		async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
			const hasFiles = this.getNodeParameter('outputFilesToCopy', 0, false) as boolean;
			if (hasFiles) checkFileOutput.call(this);
			const outcomes = await backUpAll.call(this, kind);
			const summaries = reportBackUps.call(this, outcomes, words);
			return hasFiles ? [summaries, await filesOfSources.call(this, outcomes)] : [summaries];
		},
	};
}

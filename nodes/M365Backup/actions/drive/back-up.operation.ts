import type { IExecuteFunctions } from 'n8n-workflow';
import { realAmbient } from '../../base/ambient';
import { driveFields, namedDrive } from '../../pickers/drive';
import type { BackUpKind } from '../back-up/back-up-kind';
import { backUpOperation } from '../back-up/back-up-operation';
import { fileChoices, fileOptions, type FileChoices } from '../back-up/file-options';
import { useCases } from '../use-cases';

const kind: BackUpKind<FileChoices> = {
	workload: 'drive',
	action: 'Back up drive',
	description: 'Store what is new or has changed in a OneDrive or document library since its last backup',
	sourceFields: driveFields({ displayName: 'Drive', description: 'The drive to back up. Each input item backs up one drive.' }),
	options: fileOptions({ examples: 'Temp, **/node_modules, Videos/*.mp4', from: "the drive's root" }),
	choices: fileChoices,
	named(this: IExecuteFunctions, itemIndex: number) {
		return namedDrive.call(this, '', itemIndex);
	},
	workloadOf: ({ graph, sourceId, choices }) => useCases.driveWorkload({ graph, driveId: sourceId, ambient: realAmbient, ...choices }),
};

export const backUp = backUpOperation(kind);

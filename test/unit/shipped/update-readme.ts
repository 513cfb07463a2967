import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { MOVED_BACK, REBUILT_MESSAGE } from '../../../nodes/M365Backup/workloads/mailbox/restore/fidelity';
import { fidelityTable } from './fidelity-table';

/** `npx tsx test/unit/shipped/update-readme.ts` puts the present fidelity table into the README. */
const file = resolve(__dirname, '../../../README.md');
const text = readFileSync(file, 'utf8');
const start = text.indexOf('\n', text.indexOf('<!-- fidelity table')) + 1;
const end = text.indexOf('<!-- end of fidelity table -->');
writeFileSync(file, `${text.slice(0, start)}\n${fidelityTable(MOVED_BACK, REBUILT_MESSAGE)}\n${text.slice(end)}`);

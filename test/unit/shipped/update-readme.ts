import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fidelityTables } from './fidelity-table';

/** `npx tsx test/unit/shipped/update-readme.ts` puts the present fidelity tables into the README. */
const file = resolve(__dirname, '../../../README.md');
const text = readFileSync(file, 'utf8');
const start = text.indexOf('\n', text.indexOf('<!-- fidelity table')) + 1;
const end = text.indexOf('<!-- end of fidelity table');
writeFileSync(file, `${text.slice(0, start)}\n${fidelityTables()}\n${text.slice(end)}`);

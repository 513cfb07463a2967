import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isPathBlocked } from '../../../nodes/M365Backup/connect/allowed-path';

const home = mkdtempSync(path.join(tmpdir(), 'm365-allowed-path-'));
const patternFile = path.join(home, 'patterns.txt');
writeFileSync(patternFile, 'secret-file\n');
afterAll(() => rmSync(home, { recursive: true, force: true }));

const paths = [
	`${home}/.n8n-files`,
	`${home}/.n8n-files/m365-backup`,
	`${home}/.n8n-files-not/x`,
	`${home}/.n8n-files/../.n8n/config`,
	`${home}/.n8n`,
	`${home}/.n8n/storage/x`,
	`${home}/.cache/n8n/public/x`,
	`${home}/.n8n-files/repo/.git/config`,
	`${home}/.n8n-files/.gitignore`,
	`${home}/custom/node.js`,
	`${home}/config.json`,
	`${home}/binaries/x`,
	'/backups/m365',
	'/backups',
	'/backups2',
	'/etc/passwd',
	'/',
	'/backups/secret/x',
	'/backups/secret-file',
];

const scenarios: [string, Record<string, string>][] = [
	['the defaults', {}],
	['two folders allowed', { N8N_RESTRICT_FILE_ACCESS_TO: ' ~/.n8n-files ; /backups ' }],
	['everything allowed', { N8N_RESTRICT_FILE_ACCESS_TO: '' }],
	['a quoted value', { N8N_RESTRICT_FILE_ACCESS_TO: '"/backups"' }],
	['n8n files not protected', { N8N_RESTRICT_FILE_ACCESS_TO: '', N8N_BLOCK_FILE_ACCESS_TO_N8N_FILES: 'false' }],
	['another user folder', { N8N_RESTRICT_FILE_ACCESS_TO: '', N8N_USER_FOLDER: '/backups' }],
	['own patterns, one of them broken', { N8N_RESTRICT_FILE_ACCESS_TO: '/backups', N8N_BLOCK_FILE_PATTERNS: 'secret/;(' }],
	['own patterns', { N8N_RESTRICT_FILE_ACCESS_TO: '/backups', N8N_BLOCK_FILE_PATTERNS: '/SECRET/' }],
	['patterns from a file', { N8N_RESTRICT_FILE_ACCESS_TO: '/backups', N8N_BLOCK_FILE_PATTERNS_FILE: patternFile }],
	[
		'configured files',
		{
			N8N_RESTRICT_FILE_ACCESS_TO: '',
			N8N_CONFIG_FILES: `/x,${home}/config.json`,
			N8N_CUSTOM_EXTENSIONS: `/y;${home}/custom`,
			N8N_BINARY_DATA_STORAGE_PATH: `${home}/binaries`,
		},
	],
];

/** What n8n-core itself says, in a process with that environment. */
function askN8n(environment: Record<string, string>): Record<string, boolean> {
	const helpers = require.resolve('n8n-core/dist/execution-engine/node-execution-context/utils/file-system-helper-functions.js');
	const script = `
		const { getFileSystemHelperFunctions } = require(${JSON.stringify(helpers)});
		const { isFilePathBlocked } = getFileSystemHelperFunctions({ name: 'n', type: 't' });
		const paths = ${JSON.stringify(paths)};
		process.stdout.write('\\nANSWER' + JSON.stringify(Object.fromEntries(paths.map((p) => [p, isFilePathBlocked(p)]))));`;
	const output = execFileSync(process.execPath, ['-e', script], { env: environment, encoding: 'utf8', cwd: __dirname });
	return JSON.parse(output.split('ANSWER')[1] ?? '') as Record<string, boolean>;
}

describe('isPathBlocked answers as n8n-core does', () => {
	it.each(scenarios)('with %s', (_name, settings) => {
		// os.homedir(), which both rules use for `~`, reads HOME.
		const before = process.env['HOME'];
		const environment = { PATH: process.env['PATH'] ?? '', HOME: home, ...settings };
		process.env['HOME'] = home;
		try {
			const ours = Object.fromEntries(paths.map((one) => [one, isPathBlocked(one, environment)]));
			expect(ours).toEqual(askN8n(environment));
		} finally {
			process.env['HOME'] = before;
		}
	});

	it('lets the default repository folder through, and nothing of n8n itself', () => {
		const environment = { HOME: home };
		const before = process.env['HOME'];
		process.env['HOME'] = home;
		try {
			expect(isPathBlocked(`${home}/.n8n-files/m365-backup`, environment)).toBe(false);
			expect(isPathBlocked(`${home}/.n8n/database.sqlite`, environment)).toBe(true);
		} finally {
			process.env['HOME'] = before;
		}
	});
});

import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingPermission } from '../../../nodes/M365Backup/graph/permissions';
import { fidelityTables } from './fidelity-table';

const root = resolve(__dirname, '../../..');
const readme = readFileSync(resolve(root, 'README.md'), 'utf8');

describe('README.md', () => {
	it('has the two commands word for word', () => {
		expect(readme).toContain('\nnpm ci && npm run demo\n');
		expect(readme).toContain('\nnpm ci && npm test\n');
	});

	it('names only npm scripts that exist', () => {
		const { scripts } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
		for (const [, script] of readme.matchAll(/npm run ([a-z:-]+)/g)) {
			expect(Object.keys(scripts)).toContain(script);
		}
	});

	it.each([
		['Finding mailboxes (always)', '/users'],
		['Mail', '/users/x/messages'],
		['Calendars', '/users/x/events'],
		['Contacts', '/users/x/contacts'],
		['Tasks (To Do)', '/users/x/todo/lists'],
		['Rules, categories, mailbox settings', '/users/x/mailFolders/inbox/messageRules'],
		['Exchange Export (see below), notice of an in-place archive', '/users/x/settings/exchange'],
		['Prune: when a person was deleted', '/directory/deletedItems/x'],
		['Exchange Export', '/admin/exchange/mailboxes/x/exportItems'],
		['OneDrive and document libraries', '/drives/x/root/delta'],
		['Sites: lists, list items, pages, site data', '/sites/x/lists'],
		['Sites: which apps a site is shared with', '/sites/x/permissions'],
	])('asks for exactly the permissions that it takes: %s', (what, path) => {
		const { backup, restore } = missingPermission('GET', path)!;
		expect(readme).toContain(`\n| ${what} | \`${backup}\` | \`${restore}\` |\n`);
	});

	it('promises of restored items of every kind exactly what the code promises', () => {
		expect(readme.includes(fidelityTables()), 'run: npx tsx test/unit/shipped/update-readme.ts').toBe(true);
	});

	it('lists every shipped workflow', () => {
		for (const file of readdirSync(resolve(root, 'workflows')).filter((name) => name.endsWith('.json'))) {
			expect(readme).toContain(`| \`${file}\` |`);
		}
	});
});

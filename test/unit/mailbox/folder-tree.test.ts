import { describe, expect, it } from 'vitest';
import { FolderTree } from '../../../nodes/M365Backup/workloads/mailbox/folder-tree';

const nodes: [string, { name: string; parent: string; role?: string; count: number }][] = [
	['I', { name: 'Posteingang', parent: 'ROOT', role: 'inbox', count: 0 }],
	['N', { name: 'News', parent: 'I', count: 0 }],
	['D', { name: 'Deep', parent: 'N', count: 0 }],
	['A', { name: 'a/b', parent: 'ROOT', count: 0 }],
];

describe('the folder tree', () => {
	it('names the path of a folder', () => {
		expect(new FolderTree('ROOT', nodes).path('D')).toEqual(['Posteingang', 'News', 'Deep']);
	});

	it.each([
		['by role', 'inbox', ['I', 'N', 'D']],
		['by translated name, whatever its case', 'posteingang', ['I', 'N', 'D']],
		['by path', 'Posteingang/News', ['N', 'D']],
		['by id', 'D', ['D']],
	])('excludes a folder with all that is below it, %s', (_how, spelling, excluded) => {
		const tree = new FolderTree('ROOT', nodes, [spelling]);
		expect(nodes.map(([id]) => id).filter((id) => tree.isExcluded(id))).toEqual(excluded);
	});

	it('survives a cycle, which a move in mid-listing can show', () => {
		const tree = new FolderTree('ROOT', [
			['X', { name: 'x', parent: 'Y', count: 0 }],
			['Y', { name: 'y', parent: 'X', count: 0 }],
		]);
		expect(tree.path('X')).toEqual(['y', 'x']);
	});

	it('is the same after a trip through the cursor', () => {
		const tree = new FolderTree('ROOT', nodes);
		tree.count(undefined, 'N');
		const again = FolderTree.fromNotes(JSON.parse(JSON.stringify(tree.toNotes())) as ReturnType<typeof tree.toNotes>, []);
		expect(again?.toNotes()).toEqual(tree.toNotes());
		expect(again?.get('N')?.count).toBe(1);
	});
});

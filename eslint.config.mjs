import n8nCommunity from '@n8n/eslint-plugin-community-nodes';
import n8nNodesBase from 'eslint-plugin-n8n-nodes-base';
import tseslint from 'typescript-eslint';

/**
 * Which room may import which (DESIGN §4). `base` is open to all. A room that is missing here may import
 * nothing but `base`. `stores` as a value means the port alone, `stores/store`, unless `allStores` is set.
 */
const rooms = {
	base: { may: [] },
	stores: { may: ['stores'], allStores: true },
	graph: { may: ['graph'] },
	repository: { may: ['repository', 'stores'] },
	workloads: { may: ['workloads', 'graph'] },
	engine: { may: ['engine', 'workloads', 'repository', 'stores'] },
	connect: { may: ['connect', 'graph', 'stores', 'repository'], allStores: true, n8n: true },
	pickers: { may: ['pickers', 'connect', 'engine', 'graph'], n8n: true },
	actions: { may: ['actions', 'pickers', 'connect', 'engine'], n8n: true },
};

const roomNames = Object.keys(rooms);

function roomRule(name, { may, allStores = false, n8n = false }) {
	const patterns = roomNames
		.filter((other) => other !== 'base' && other !== name && !may.includes(other))
		.map((other) => ({
			regex: `^(\\.{1,2}/)+${other}(/|$)`,
			message: `The room ${name} may not import ${other} (eslint.config.mjs, rooms).`,
		}));
	if (may.includes('stores') && !allStores) {
		patterns.push({
			regex: '^(\\.{1,2}/)+stores/(?!store$)',
			message: `The room ${name} may import only the store port, stores/store.`,
		});
	}
	if (!n8n) {
		patterns.push({ regex: '^n8n-', message: `n8n is known only to the face, actions, pickers and connect.` });
	}
	return {
		files: [`nodes/M365Backup/${name}/**/*.ts`],
		rules: { 'no-restricted-imports': ['error', { patterns }] },
	};
}

export default tseslint.config(
	{ ignores: ['dist/**', '**/node_modules/**', '.cache/**', 'test/n8n/**'] },
	...tseslint.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts', '**/*.mts'] })),
	{
		files: ['**/*.ts', '**/*.mts'],
		languageOptions: {
			parserOptions: {
				project: ['./tsconfig.json', './test/tsconfig.json'],
				tsconfigRootDir: import.meta.dirname,
			},
		},
		rules: {
			'@typescript-eslint/no-explicit-any': 'error',
			'@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
			'@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
			'@typescript-eslint/consistent-type-imports': 'error',
			'@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
			'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
			'no-console': 'error',
		},
	},
	{
		files: ['nodes/**/*.ts', 'credentials/**/*.ts'],
		rules: {
			'no-restricted-properties': [
				'error',
				{ object: 'Date', property: 'now', message: 'Time is an argument: ambient.now().' },
				{ object: 'Math', property: 'random', message: 'Chance is an argument: ambient.random().' },
			],
		},
	},
	{
		files: ['nodes/M365Backup/base/ambient.ts'],
		rules: { 'no-restricted-properties': 'off' },
	},
	...roomNames.map((name) => roomRule(name, rooms[name])),
	{
		...n8nCommunity.configs.recommendedWithoutN8nCloudSupport,
		files: ['nodes/**/*.node.ts', 'credentials/**/*.ts', 'nodes/**/actions/**/*.ts', 'nodes/**/pickers/**/*.ts', 'nodes/**/connect/**/*.ts'],
	},
	{
		files: ['nodes/**/*.node.ts', 'nodes/**/actions/**/*.ts', 'nodes/**/pickers/**/*.ts'],
		plugins: { 'n8n-nodes-base': n8nNodesBase },
		rules: n8nNodesBase.configs.nodes.rules,
	},
	{
		files: ['credentials/**/*.ts'],
		plugins: { 'n8n-nodes-base': n8nNodesBase },
		rules: n8nNodesBase.configs.credentials.rules,
	},
	{
		files: ['test/**/*.ts', 'test/**/*.mts'],
		rules: {
			'no-console': 'off',
			'@typescript-eslint/no-non-null-assertion': 'off',
			'@typescript-eslint/require-await': 'off',
			'@typescript-eslint/no-unsafe-assignment': 'off',
			'@typescript-eslint/no-unsafe-call': 'off',
			'@typescript-eslint/unbound-method': 'off',
			'@typescript-eslint/no-unsafe-member-access': 'off',
			'@typescript-eslint/no-unnecessary-condition': 'off',
		},
	},
);

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { builtVariable } from './e2e/harness/package-install';
import { failuresFileVariable } from './failure-reporter';
import { failureSummary, type Failing } from './failure-summary';
import { installN8n } from './n8n/install';

/**
 * `npm test`: types, lint and all tests. Goes on after a failure, so that one run shows everything, repeats at the end
 * what failed (where a log is cut, its beginning is), and ends with exactly one line `N passed, N failed, N skipped`, in which types and lint count as one each. The exit code is 0 only
 * if nothing failed and at least one test ran.
 */
interface Counts {
	passed: number;
	failed: number;
	skipped: number;
}

interface VitestReport {
	numPassedTests: number;
	numFailedTests: number;
	numPendingTests: number;
	numTodoTests: number;
	testResults: { name: string; status: string; message: string; assertionResults: { status: string }[] }[];
}

const root = resolve(__dirname, '..');
/** What failed, in the order in which it did. */
const failing: Failing[] = [];
const projects = ['unit', 'encrypted', 'integration', 'e2e'] as const;

async function main(): Promise<void> {
	const total: Counts = { passed: 0, failed: 0, skipped: 0 };
	let testsRun = 0;
	for (const step of ['types', 'lint']) {
		heading(step);
		const said: string[] = [];
		const ok = (await runHere('npm', ['run', '--silent', step], { listen: (text) => said.push(text) })) === 0;
		if (!ok) failing.push({ file: step, messages: [said.join('')] });
		add(total, ok ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 });
	}
	const reports = await mkdtemp(join(tmpdir(), 'm365-backup-reports-'));
	try {
		for (const project of projects) {
			heading(`${project} tests`);
			const counts = await runProject(project, join(reports, `${project}.json`));
			testsRun += counts.passed + counts.failed;
			add(total, counts);
		}
	} finally {
		await rm(reports, { recursive: true, force: true });
	}
	if (testsRun === 0) {
		console.error('No test ran at all.');
		total.failed += 1;
	}
	const summary = failureSummary(failing);
	if (summary !== '') console.log(`\n${summary}`);
	console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
	process.exitCode = total.failed === 0 ? 0 : 1;
}

async function runProject(project: (typeof projects)[number], reportFile: string): Promise<Counts> {
	if (project === 'e2e') {
		try {
			await installN8n((line) => console.log(line));
		} catch (error) {
			console.error(error);
			return broken(project, `n8n could not be installed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
		}
		const said: string[] = [];
		if ((await runHere('npm', ['run', '--silent', 'build'], { listen: (text) => said.push(text) })) !== 0) {
			return broken(project, `The build failed, so there is nothing for n8n to load.\n${said.join('')}`);
		}
		process.env[builtVariable] = '1';
	}
	const failuresFile = `${reportFile}.failures`;
	const command = [
		join(root, 'node_modules', 'vitest', 'vitest.mjs'),
		'run',
		'--config',
		'test/vitest.config.mts',
		'--project',
		project,
		'--reporter=default',
		`--reporter=${join(__dirname, 'skip-reporter.ts')}`,
		`--reporter=${join(__dirname, 'failure-reporter.ts')}`,
		'--reporter=json',
		`--outputFile.json=${reportFile}`,
	];
	const exitCode = await runHere(process.execPath, command, { env: { [failuresFileVariable]: failuresFile } });
	const told = (await readJson<Failing[]>(failuresFile)) ?? [];
	failing.push(...told);
	const counts = countsOf(await readJson<VitestReport>(reportFile), exitCode, project);
	if (counts.failed > 0 && told.length === 0) failing.push({ file: `${project} tests`, messages: [`failed without saying why (exit code ${exitCode})`] });
	return counts;
}

function broken(project: string, message: string): Counts {
	console.error(message);
	failing.push({ file: `${project} tests`, messages: [message] });
	return { passed: 0, failed: 1, skipped: 0 };
}

async function readJson<T>(file: string): Promise<T | undefined> {
	try {
		return JSON.parse(await readFile(file, 'utf8')) as T;
	} catch {
		return undefined; // what is not there counts as a failure
	}
}

function countsOf(report: VitestReport | undefined, exitCode: number, project: string): Counts {
	if (report === undefined) {
		console.error(`The ${project} tests left no report (exit code ${exitCode}).`);
		return { passed: 0, failed: 1, skipped: 0 };
	}
	// A file that could not even be loaded, or whose set-up failed, holds no failed test; it counts as one.
	const brokenFiles = report.testResults.filter(
		({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
	);
	for (const { name, message } of brokenFiles) {
		console.error(`${name} did not run: ${message}`);
	}
	const failed = report.numFailedTests + brokenFiles.length;
	return {
		passed: report.numPassedTests,
		// vitest may also fail for something outside any test, as an unhandled rejection
		failed: failed === 0 && exitCode !== 0 ? 1 : failed,
		skipped: report.numPendingTests + report.numTodoTests,
	};
}

function add(total: Counts, more: Counts): void {
	total.passed += more.passed;
	total.failed += more.failed;
	total.skipped += more.skipped;
}

function heading(title: string): void {
	console.log(`\n── ${title} ──`);
}

/** Runs with the output of this process; `listen` gets a copy of it as text. */
async function runHere(command: string, args: string[], more: { env?: Record<string, string>; listen?: (text: string) => void } = {}): Promise<number> {
	const env = { ...process.env, PATH: [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter), ...more.env };
	const { listen } = more;
	return new Promise((resolveCode, reject) => {
		const child = spawn(command, args, { cwd: root, env, stdio: listen ? ['inherit', 'pipe', 'pipe'] : 'inherit' });
		for (const [from, to] of [[child.stdout, process.stdout], [child.stderr, process.stderr]] as const) {
			from?.setEncoding('utf8').on('data', (text: string) => {
				to.write(text);
				listen?.(text);
			});
		}
		child.once('error', reject);
		child.once('close', (code) => resolveCode(code ?? 1));
	});
}

main().catch((error: unknown) => {
	console.error(error);
	process.exitCode = 1;
});

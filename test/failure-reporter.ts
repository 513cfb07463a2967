import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';
import { messagesOf, type Failing, type ToldError } from './failure-summary';

/** Names the file to which each failed test, each broken file and each error outside of tests is written as JSON. */
export const failuresFileVariable = 'M365_BACKUP_TEST_FAILURES';

/** vitest's own JSON report leaves out causes and differences: with fast-check these are what went wrong. */
export default class FailureReporter implements Reporter {
	onTestRunEnd(modules: readonly TestModule[], unhandled: readonly ToldError[]): void {
		const target = process.env[failuresFileVariable];
		if (target !== undefined) writeFileSync(target, JSON.stringify([...modules.flatMap(failingOf), ...outside(unhandled)]));
	}
}

function failingOf(module: TestModule): Failing[] {
	const file = relative(process.cwd(), module.moduleId);
	const tests = [...module.children.allTests('failed')].map((test): Failing => ({ file, name: test.fullName, messages: (test.result().errors ?? []).flatMap(messagesOf) }));
	const suites = [...module.children.allSuites()].flatMap((suite): Failing[] => {
		const errors = suite.errors();
		return errors.length === 0 ? [] : [{ file, name: suite.fullName, messages: errors.flatMap(messagesOf) }];
	});
	const errors = module.errors();
	return [...(errors.length === 0 ? [] : [{ file, messages: errors.flatMap(messagesOf) }]), ...suites, ...tests];
}

function outside(unhandled: readonly ToldError[]): Failing[] {
	return unhandled.length === 0 ? [] : [{ file: 'outside of any test', messages: unhandled.flatMap(messagesOf) }];
}

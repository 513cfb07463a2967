#!/usr/bin/env node
import { realAmbient } from '../base/ambient';
import { makeAgeKey } from '../stores/encryption/age-key';

/** The command `m365-backup-key`: prints a fresh key as `age-keygen` does, so that what it prints is a key file of `age`. */
async function main(): Promise<void> {
	const { identity, recipient } = await makeAgeKey();
	process.stdout.write(`# created: ${realAmbient.now().toISOString()}\n# public key: ${recipient}\n${identity}\n`);
	if (process.stdout.isTTY) {
		process.stderr.write('\nKeep a copy where neither the loss of n8n nor that of the backups reaches it. Without this key nobody can open them.\n');
	}
}

void main();

import { hkdfSync } from 'node:crypto';
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { Failure } from '../../base/failure';

/** Who can open what is written: the identity's own recipient first, then the recovery one where there is one. */
export interface AgeKey {
	/** `AGE-SECRET-KEY-1…` */
	identity: string;
	/** `age1…` */
	recipients: string[];
}

const IDENTITY = /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/;
const RECIPIENT = /^age1[02-9ac-hj-np-z]{58}$/;

/** A fresh identity, and the recipient that belongs to it. */
export async function makeAgeKey(): Promise<{ identity: string; recipient: string }> {
	const identity = await generateX25519Identity();
	return { identity, recipient: await identityToRecipient(identity) };
}

/**
 * Checks what a person entered. Comment lines, as `age-keygen` writes them above a key, are passed over.
 *
 * Failures `invalid`: no identity or several, a damaged one (Bech32 check), a recovery recipient that is none or is the
 * identity's own.
 */
export async function readAgeKey(entered: { identity: string; recoveryRecipient?: string }): Promise<AgeKey> {
	const [identity, ...others] = linesOf(entered.identity);
	if (identity === undefined) throw badKey('The encryption key is empty', 'Enter the line that begins with AGE-SECRET-KEY-1. If there is no key yet, make one (age-keygen, or the command in the README).');
	if (others.length > 0) throw badKey('The encryption key has more than one line', 'Enter just the one line that begins with AGE-SECRET-KEY-1.');
	if (RECIPIENT.test(identity)) {
		throw badKey('The encryption key is a public key (age1…)', 'Enter the secret one, the line that begins with AGE-SECRET-KEY-1. The public one belongs into Recovery Recipient, if it is that of a recovery key.');
	}
	const own = await recipientOf(identity);
	const [recovery, ...more] = linesOf(entered.recoveryRecipient ?? '');
	if (recovery === undefined) return { identity, recipients: [own] };
	if (recovery.startsWith('AGE-SECRET-KEY-')) {
		throw badKey('The recovery recipient is a secret key', 'Enter its public part, which begins with age1, and keep the secret key away from this server.');
	}
	if (more.length > 0 || !RECIPIENT.test(recovery) || !isRecipient(recovery)) {
		throw badKey('The recovery recipient is not a public key of age', 'Enter the one line that begins with age1, as age-keygen shows it.');
	}
	if (recovery === own) throw badKey('The recovery recipient is the public part of the encryption key itself', 'Make a second key for recovery and keep it somewhere else, or leave the field empty.');
	return { identity, recipients: [own, recovery] };
}

/** 32 bytes that only whoever has the identity can compute: HKDF-SHA-256 (RFC 5869) of its text, one key for each use. */
export function derivedKey(identity: string, use: string): Buffer {
	return Buffer.from(hkdfSync('sha256', identity, '', `m365-backup ${use}`, 32));
}

async function recipientOf(identity: string): Promise<string> {
	try {
		if (!IDENTITY.test(identity)) throw new Error('Not the form of an identity');
		return await identityToRecipient(identity);
	} catch {
		// Without the cause: its text may repeat the key.
		throw badKey('The encryption key is not a secret key of age, or a character of it is wrong', 'Copy the whole line that begins with AGE-SECRET-KEY-1 once more.');
	}
}

/** Whether the check sum in it is right. */
function isRecipient(text: string): boolean {
	try {
		new Encrypter().addRecipient(text);
		return true;
	} catch {
		return false;
	}
}

function linesOf(text: string): string[] {
	return text
		.split(/[\r\n]+/)
		.map((line) => line.trim())
		.filter((line) => line !== '' && !line.startsWith('#'));
}

function badKey(message: string, nextStep: string): Failure {
	return new Failure('invalid', message, { nextStep, code: 'encryptionKey' });
}

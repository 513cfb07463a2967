import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { M365BackupMicrosoftApi } from '../../../credentials/M365BackupMicrosoftApi.credentials';

const credential = new M365BackupMicrosoftApi();
const field = (name: string) => credential.properties.find((property) => property.name === name);

describe('the Microsoft credential', () => {
	it('has the name that saved workflows refer to, and these fields', () => {
		expect(credential.name).toBe('m365BackupMicrosoftApi');
		expect(credential.displayName).toBe('M365 Backup Microsoft API');
		expect(credential.properties.map(({ name }) => name)).toEqual(['tenantId', 'clientId', 'authentication', 'clientSecret', 'certificate', 'privateKey', 'usedFor', 'licences', 'backupShare', 'cloud', 'loginUrl', 'graphUrl', 'requestLimits']);
	});

	it('hides what is secret', () => {
		for (const name of ['clientSecret', 'privateKey']) expect(field(name)?.typeOptions?.password).toBe(true);
	});

	it('asks for a secret or a certificate, and for addresses only where the cloud is custom', () => {
		expect(field('clientSecret')?.displayOptions).toEqual({ show: { authentication: ['secret'] } });
		for (const name of ['certificate', 'privateKey']) expect(field(name)?.displayOptions).toEqual({ show: { authentication: ['certificate'] } });
		for (const name of ['loginUrl', 'graphUrl', 'requestLimits']) expect(field(name)?.displayOptions).toEqual({ show: { cloud: ['custom'] } });
	});

	it('offers the clouds that the Graph room knows', () => {
		expect(field('cloud')?.options?.map((option) => ('value' in option ? option.value : ''))).toEqual(['china', 'custom', 'global', 'dod', 'gccHigh']);
	});

	it('has icons that are there', () => {
		for (const icon of Object.values(credential.icon as Record<string, string>)) expect(existsSync(resolve('credentials', icon.replace('file:', '')))).toBe(true);
	});
});

import { describe, expect, it } from 'vitest';
import { fillMailbox, addVariety } from './generate-tenant';
import { StoredMime } from './stored-mime';
import { Tenant } from './tenant';
import { memoryInUse } from '../contract/sources';
import { cpuTimer } from '../support/cpu-time';

describe('the generated tenant', () => {
	it('is the same for the same seed and another for another', async () => {
		const bytes = async (seed: number): Promise<string> => {
			const { mailbox } = new Tenant(seed).addUser({ displayName: 'Anna Berg' });
			fillMailbox(mailbox!, { messages: 60, folders: 12, seed });
			const parts = await Promise.all([...mailbox!.allMessages()].map(async (message) => `${message.folder.path.join('/')}\n${(await message.content.mime()).toString('latin1')}`));
			return parts.join('\n');
		};
		expect(await bytes(3)).toBe(await bytes(3));
		expect(await bytes(3)).not.toBe(await bytes(4));
	});

	it('shows messages, without parsing them, exactly as their MIME says', async () => {
		const { mailbox } = new Tenant(1).addUser({ displayName: 'Anna Berg' });
		fillMailbox(mailbox!, { messages: 400, folders: 5, seed: 5 });
		for (const message of mailbox!.allMessages()) {
			const parsed = new StoredMime(Buffer.from(await message.content.mime()));
			const shown = await message.content.summary();
			expect(shown).toEqual({ ...(await parsed.summary()), conversation: shown.conversation });
			const [details, parsedDetails] = [await message.content.details(), await parsed.details()];
			expect(details.body).toEqual(parsedDetails.body);
			expect(details.attachments.map(({ name, contentId, isInline, contentType, content }) => ({ name, contentId, isInline, contentType, content }))).toEqual(
				parsedDetails.attachments.map(({ name, contentId, isInline, contentType, content }) => ({ name, contentId, isInline, contentType, content })),
			);
		}
	});

	it('has 100,000 messages within two seconds and little memory', () => {
		const { mailbox } = new Tenant(1).addUser({ displayName: 'Anna Berg' });
		const before = memoryInUse();
		const spentMs = cpuTimer();
		fillMailbox(mailbox!, { messages: 100_000, folders: 100, seed: 1 });
		expect(spentMs()).toBeLessThan(4000);
		expect((memoryInUse() - before) / 1e6).toBeLessThan(120);
	});

	it('knows nested messages, signed mail, meeting requests, every charset and broken MIME', async () => {
		const { mailbox } = new Tenant(1).addUser({ displayName: 'Anna Berg' });
		addVariety(mailbox!);
		const all = await Promise.all([...mailbox!.folder('inbox').messages()].map(async (message) => ({ ...(await message.summary()), ...(await message.content.details()) })));
		const text = all.map(({ body }) => body.content).join('\n');
		for (const words of ['Grüße aus Köln', 'Preis: 5 € – „gut“', 'Привет, мир', 'Привет ещё раз', '你好，世界', 'こんにちは世界', '안녕하세요', 'שלום', 'The end is missing']) expect(text).toContain(words);
		expect(all.filter(({ odataType }) => odataType === '#microsoft.graph.eventMessageRequest')).toHaveLength(1);
		expect(all.flatMap(({ attachments }) => attachments).filter(({ kind }) => kind === 'item')).toHaveLength(1);
		expect(all.find(({ subject }) => subject === 'Picture inside')?.hasAttachments).toBe(false);
		expect(all.find(({ subject }) => subject.startsWith('Very long'))?.subject).toHaveLength(400);
		expect(all.find(({ subject }) => subject === '20 MB attached')?.attachments[0]?.content).toHaveLength(20 * 1024 * 1024);
	});
});

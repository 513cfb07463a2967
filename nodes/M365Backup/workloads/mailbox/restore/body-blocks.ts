import type { MimePart } from './mime-parts';
import { unflow } from './mime-parts';
import { decodeText } from './mime-text';

export interface MessageBody {
	contentType: 'html' | 'text';
	content: string;
	/** The plain text that came beside the HTML. */
	alternative?: string;
}

/** Text beyond this (all parts together, decoded bytes) is not kept: no Graph request could carry it. */
const TEXT_LIMIT_BYTES = 4 * 1024 * 1024;

interface Block {
	kind: 'html' | 'text';
	text: string;
	/** An HTML version stands beside it, or may. */
	isAlternative: boolean;
}

/** Collects the parts of a message that a reader sees as its text. */
export class BodyBlocks {
	overflowed = false;
	unknownCharset: string | undefined;
	private readonly blocks: Block[] = [];
	private bytes = 0;

	/** Text without a file name that is not marked as an attachment. */
	wants(part: MimePart): boolean {
		if (part.contentType !== 'text/plain' && part.contentType !== 'text/html') return false;
		return part.disposition !== 'attachment' && part.fileName === undefined;
	}

	async add(part: MimePart): Promise<void> {
		const chunks: Uint8Array[] = [];
		for await (const chunk of part.content) {
			this.bytes += chunk.length;
			if (this.bytes > TEXT_LIMIT_BYTES) this.overflowed = true;
			else chunks.push(chunk);
		}
		const { text, unknownCharset } = await decodeText(chunks, part.charset);
		this.unknownCharset ??= unknownCharset;
		this.blocks.push({
			kind: part.contentType === 'text/html' ? 'html' : 'text',
			text: withPlainLineEnds(
				part.isFlowed ? await unflow(text, part.typeParameters.get('delsp')?.toLowerCase() === 'yes') : text,
			),
			isAlternative: part.ancestors.includes('multipart/alternative'),
		});
	}

	/** HTML if there is any, with plain parts that have no HTML version (a list's footer) put where they stood. */
	body(): MessageBody {
		const plain = this.blocks.filter((block) => block.kind === 'text');
		if (!this.blocks.some((block) => block.kind === 'html')) {
			return { contentType: 'text', content: plain.map((block) => block.text).join('\n') };
		}
		const shown = this.blocks.filter((block) => block.kind === 'html' || (!block.isAlternative && block.text.trim() !== ''));
		return {
			contentType: 'html',
			content: shown.map((block) => (block.kind === 'html' ? block.text : asHtml(block.text))).join('<br/>\n'),
			...(plain.length > 0 ? { alternative: plain.map((block) => block.text).join('\n') } : {}),
		};
	}
}

function withPlainLineEnds(text: string): string {
	return text.includes('\r') ? text.replaceAll('\r\n', '\n') : text;
}

function asHtml(text: string): string {
	const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
	return `<pre style="white-space: pre-wrap">${escaped}</pre>`;
}

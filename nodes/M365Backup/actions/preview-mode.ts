import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { Failure } from '../base/failure';

/** What differs between operations that only preview unless told otherwise. */
interface PreviewUse<Act extends string> {
	/** Of the mode that acts: `restore`. */
	value: Act;
	/** Lower case, for messages. */
	verb: string;
	/** What the two modes do. */
	preview: string;
	act: string;
	description: string;
	/** What an agent may not do without leave. */
	agent: string;
}

/**
 * The rule for whatever changes or removes something: Preview is the default, nothing else is taken for the mode that
 * acts, and an AI agent may only preview, since it acts on text that others have written, unless whoever built the
 * workflow allows it.
 */
export function previewMode<Act extends string>(use: PreviewUse<Act>) {
	const title = `${use.verb.charAt(0).toUpperCase()}${use.verb.slice(1)}`;
	const agentsMay = `Allow AI Agents to ${title}`;
	const field: INodeProperties = {
		displayName: 'Mode',
		name: 'mode',
		type: 'options',
		options: [
			{ name: 'Preview', value: 'preview', description: use.preview },
			{ name: title, value: use.value, description: use.act },
		],
		default: 'preview',
		description: use.description,
	};
	/** One of the operation's options. */
	const agentOption: INodeProperties = {
		displayName: agentsMay,
		name: 'allowTool',
		type: 'boolean',
		default: false,
		description: `Whether an AI agent that uses this node as a tool may ${use.agent}. Without it, an agent can only preview.`,
	};
	/** Failures: invalid (another mode), denied (an agent that may not). */
	function read(this: IExecuteFunctions, itemIndex: number): 'preview' | Act {
		const mode = this.getNodeParameter('mode', itemIndex, 'preview') as string;
		if (mode === 'preview') return 'preview';
		if (mode !== use.value) throw new Failure('invalid', `There is no mode "${mode}"`, { nextStep: `Set Mode to Preview or ${title}.` });
		if (this.isToolExecution() && this.getNodeParameter('options.allowTool', itemIndex, false) !== true) {
			throw new Failure('denied', `An AI agent may not ${use.verb} with this node, only preview`, {
				nextStep: `Whoever builds the workflow can turn on the option ${agentsMay}.`,
			});
		}
		return use.value;
	}
	return { field, agentOption, read };
}

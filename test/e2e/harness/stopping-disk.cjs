'use strict';
/**
 * Loaded into n8n by `--require`: a disk that notes each change below folders of some name before it is made
 * (`unlink /path`, one a line), and that stops answering at the change that a test has chosen. So a test can end n8n by
 * kill -9 in the middle of anything, however slow or fast the machine is.
 */
const { appendFileSync, readFileSync } = require('node:fs');
const promises = require('node:fs/promises');

const { STOPPING_DISK_WITHIN: within, STOPPING_DISK_LOG: log, STOPPING_DISK_ORDER: orderFile } = process.env;

/** Of the order that stands in the file: what has been counted so far. */
let counted = { order: '', hasBegun: false, times: 0 };

function isToStop(line) {
	const order = readFileSync(orderFile, 'utf8');
	if (order === '') return false;
	const { after, match, times } = JSON.parse(order);
	if (counted.order !== order) counted = { order, hasBegun: after === undefined, times: 0 };
	if (!counted.hasBegun) {
		counted.hasBegun = new RegExp(after).test(line);
		return false;
	}
	if (new RegExp(match).test(line)) counted.times++;
	return counted.times >= times;
}

async function change(name, path) {
	const line = `${name} ${path}`;
	const stops = isToStop(line);
	appendFileSync(log, `${line}\n${stops ? 'stopped\n' : ''}`);
	if (stops) await new Promise(() => undefined);
}

const isWatched = (path) => typeof path === 'string' && path.includes(within);

for (const name of ['unlink', 'link', 'rename']) {
	const original = promises[name];
	promises[name] = async (...args) => {
		const path = args.at(-1);
		if (isWatched(path)) await change(name, path);
		return original(...args);
	};
}

const { open } = promises;
promises.open = async (path, flags, ...rest) => {
	const handle = await open(path, flags, ...rest);
	if (isWatched(path) && flags === 'wx') {
		const write = handle.write.bind(handle);
		handle.write = async (...args) => {
			await change('write', path);
			return write(...args);
		};
	}
	return handle;
};

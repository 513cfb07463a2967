import { createHash } from 'node:crypto';
import type { CloneOptions } from './options';
import type { JsonObject } from './workflow-json';

/** When the first shipped nightly backup starts. */
const shippedHour = 2;

/**
 * The rule of a Schedule Trigger at the customer's time: all hours move by the same distance, so that the workflows keep
 * their order. Each customer gets a minute of its own, since a hundred backups that start at once are slower than a
 * hundred that start one after the other.
 */
export function customerSchedule(parameters: JsonObject, options: CloneOptions): JsonObject {
	const rule = parameters['rule'] as { interval?: JsonObject[] } | undefined;
	if (rule?.interval === undefined) return parameters;
	return { ...parameters, rule: { ...rule, interval: rule.interval.map((each) => moved(each, options)) } };
}

function moved(interval: JsonObject, { startAt, slug }: CloneOptions): JsonObject {
	const minute = numberOf(interval['triggerAtMinute']) + (startAt?.minute ?? minuteOf(slug));
	switch (interval['field'] ?? 'days') {
		case 'hours':
			return { ...interval, triggerAtMinute: minute % 60 };
		case 'days':
		case 'weeks':
		case 'months': {
			const hour = numberOf(interval['triggerAtHour']) + Math.floor(minute / 60) + (startAt?.hour ?? shippedHour) - shippedHour;
			return { ...interval, triggerAtHour: ((hour % 24) + 24) % 24, triggerAtMinute: minute % 60 };
		}
		default:
			return interval;
	}
}

function numberOf(value: unknown): number {
	return typeof value === 'number' ? value : 0;
}

function minuteOf(slug: string): number {
	return createHash('sha256').update(slug).digest().readUInt16BE(0) % 60;
}

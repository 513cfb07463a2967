import { realAmbient } from '../base/ambient';
import { documentedLimits, Governor, type GovernorLimits } from '../graph/governor';

/**
 * For a custom endpoint whose limits are its own, such as a gateway or a test tenant: as many calls at a time as ever, but
 * no counting of requests by Microsoft's quotas. When the endpoint asks for a pause, it gets one.
 */
export const patientGovernor = new Governor(realAmbient, uncounted(documentedLimits));

function uncounted(limits: GovernorLimits): GovernorLimits {
	const endless = Number.POSITIVE_INFINITY;
	const lanes = Object.entries(limits).map(([kind, lane]) => [
		kind,
		{ ...lane, costPerWindow: endless, costPerDay: endless, uploadBytesPerWindow: endless, downloadBytesPerHour: endless },
	]);
	return Object.fromEntries(lanes) as GovernorLimits;
}

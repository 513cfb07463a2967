import { miss, type GraphAnswer, type GraphRequest } from './exchange';
import { underFault } from './faults';
import { GraphError } from './graph-error';
import { need } from './permissions';

type BetaRequest = Pick<GraphRequest, 'method' | 'url' | 'headers' | 'body' | 'segments' | 'roles' | 'tenant'>;

/**
 * The one thing that only the beta endpoint tells: `users/{id}/settings/exchange` names the in-place archive there
 * (exchangeSettings resource type, beta). Null stands for "none". Everything else is a miss.
 *
 * @throws GraphError 403, 404
 */
export async function answerBeta(request: BetaRequest): Promise<GraphAnswer> {
	const fault = request.tenant.faults.take(request.method, `/${request.segments.join('/')}`);
	const proceed = (): Promise<GraphAnswer> => Promise.resolve(exchangeSettings(request));
	return fault ? await underFault(fault, proceed, request) : await proceed();
}

function exchangeSettings(request: BetaRequest): GraphAnswer {
	const { method, segments, tenant } = request;
	const [users, key = '', ...rest] = segments;
	if (method !== 'GET' || users?.toLowerCase() !== 'users' || rest.join('/').toLowerCase() !== 'settings/exchange') return miss();
	need(request, 'readExchangeSettings');
	const user = tenant.findUser(key);
	if (!user) throw new GraphError(404, 'Request_ResourceNotFound', `Resource '${key}' does not exist.`);
	return {
		status: 200,
		route: 'GET /beta/users/{id}/settings/exchange',
		json: {
			'@odata.type': '#microsoft.graph.exchangeSettings',
			primaryMailboxId: `MBX:${tenant.guid(`primary/${user.id}`)}@${tenant.tenantId}`,
			inPlaceArchiveMailboxId: user.mailbox?.settings.inPlaceArchiveId ?? null,
		},
	};
}

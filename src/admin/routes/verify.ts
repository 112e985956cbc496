/** The operations on verifications, which hash held chunks again and drop corrupt ones. */
import type { SweepSnapshot } from '../../cache/operator/sweep.js';
import type { Sweeps } from '../../cache/operator/sweeps.js';
import { type EndpointAnswer, type Endpoint, endpoint, json, problem } from '../endpoint.js';
import { errorBody, idParams, selection, type VerificationBody, verification } from '../shapes.js';
import { iso } from '../transfers.js';
import { selectionOf } from './objects.js';

const unknown = { 404: { description: 'There is no such verification.', schema: errorBody } };

export function verifyEndpoints(sweeps: Sweeps): Endpoint[] {
  return [
    endpoint({
      method: 'POST',
      path: '/api/v1/verify',
      operationId: 'startVerification',
      summary: 'Compares held chunks with their ids, and drops corrupt ones.',
      mutates: true,
      body: selection,
      answers: {
        202: { description: 'The verification has started.', schema: verification },
        409: { description: 'Another verification is running.', schema: errorBody },
      },
      handle: ({ body }) => {
        const started = sweeps.start(selectionOf(body));
        if (started !== undefined) return json(bodyOf(started), 202);
        return problem(409, 'verification-running', 'another verification is running');
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/verify/{id}',
      operationId: 'getVerification',
      summary: 'Returns the progress of a verification.',
      mutates: false,
      params: idParams,
      answers: { 200: { description: 'The verification.', schema: verification }, ...unknown },
      handle: ({ params }) => answer(sweeps.get(params.id)),
    }),
    endpoint({
      method: 'DELETE',
      path: '/api/v1/verify/{id}',
      operationId: 'cancelVerification',
      summary: 'Cancels a verification after its current chunk.',
      mutates: true,
      params: idParams,
      answers: { 200: { description: 'The verification.', schema: verification }, ...unknown },
      handle: ({ params }) => answer(sweeps.cancel(params.id)),
    }),
  ];
}

function answer(found: SweepSnapshot | undefined): EndpointAnswer {
  if (found === undefined)
    return problem(404, 'no-such-verification', 'there is no such verification');
  return json(bodyOf(found));
}

function bodyOf({ startedAtMs, ...sweep }: SweepSnapshot): VerificationBody {
  return { ...sweep, startedAt: iso(startedAtMs), bad: [...sweep.bad] };
}

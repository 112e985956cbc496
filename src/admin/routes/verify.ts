/** Verifications: hash held chunks again, and drop corrupt ones. */
import type { SweepSnapshot } from '../../cache/operator/sweep.js';
import type { Sweeps } from '../../cache/operator/sweeps.js';
import { type EndpointAnswer, type Endpoint, endpoint, json, problem } from '../endpoint.js';
import { errorBody, idParams, selection, type VerificationBody, verification } from '../shapes.js';
import { iso } from '../transfers.js';
import { selectionOf } from './objects.js';

const unknown = { 404: { description: 'There is none of this id.', schema: errorBody } };

export function verifyEndpoints(sweeps: Sweeps): Endpoint[] {
  return [
    endpoint({
      method: 'POST',
      path: '/api/v1/verify',
      operationId: 'startVerification',
      summary: 'Compares held chunks with their ids; wrong ones are dropped.',
      mutates: true,
      body: selection,
      answers: {
        202: { description: 'It runs.', schema: verification },
        409: { description: 'Another one runs.', schema: errorBody },
      },
      handle: ({ body }) => {
        const started = sweeps.start(selectionOf(body));
        if (started !== undefined) return json(bodyOf(started), 202);
        return problem(409, 'verification-running', 'another verification runs');
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/v1/verify/{id}',
      operationId: 'getVerification',
      summary: 'How far a verification is.',
      mutates: false,
      params: idParams,
      answers: { 200: { description: 'It.', schema: verification }, ...unknown },
      handle: ({ params }) => answer(sweeps.get(params.id)),
    }),
    endpoint({
      method: 'DELETE',
      path: '/api/v1/verify/{id}',
      operationId: 'cancelVerification',
      summary: 'Ends a verification after the chunk that it is at.',
      mutates: true,
      params: idParams,
      answers: { 200: { description: 'It.', schema: verification }, ...unknown },
      handle: ({ params }) => answer(sweeps.cancel(params.id)),
    }),
  ];
}

function answer(found: SweepSnapshot | undefined): EndpointAnswer {
  if (found === undefined) return problem(404, 'no-such-verification', 'there is none of this id');
  return json(bodyOf(found));
}

function bodyOf({ startedAtMs, ...sweep }: SweepSnapshot): VerificationBody {
  return { ...sweep, startedAt: iso(startedAtMs), bad: [...sweep.bad] };
}

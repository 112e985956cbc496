/** What the parts of the OriginClient suite share: the client under test and its helpers. */
import type { Test } from 'tap';
import { ForebayError } from '#src/model/errors.js';
import type { OriginClient } from '#src/model/fetch.js';
import { systemClock, type Clock } from '#src/model/time.js';
import {
  patternBytes,
  startOrigin,
  type OriginOptions,
  type ScriptedOrigin,
} from '../fixtures/scripted-origin.js';

export interface ClientUnderTest {
  create(options: { readonly clock: Clock; readonly ca?: string }): OriginClient;
}

export const OBJECT_BYTES = 300_000;
export const SEED = 7;

/** Bytes of the object that `setUp` serves at /o. */
export function expected(start = 0, end = OBJECT_BYTES): Buffer {
  return patternBytes(SEED, start, end);
}

/** An origin with one object at /o and a client for it; both are closed with the test. */
export async function setUp(
  t: Test,
  subject: ClientUnderTest,
  options: OriginOptions & { readonly clock?: Clock } = {},
): Promise<{ origin: ScriptedOrigin; client: OriginClient; url: string }> {
  const origin = await startOrigin({
    objects: { '/o': { bytes: { seed: SEED, length: OBJECT_BYTES } } },
    ...options,
  });
  const client = subject.create({
    clock: options.clock ?? systemClock,
    ...(options.tls === true && { ca: origin.ca }),
  });
  t.teardown(async () => {
    await client.close();
    await origin.close();
  });
  return { origin, client, url: `${origin.url}/o` };
}

/** The `ForebayError` that a promise rejects with; anything else fails the test. */
export async function failure(promise: Promise<unknown>): Promise<ForebayError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ForebayError) return error;
    throw error;
  }
  throw new Error('expected a ForebayError, but it resolved');
}

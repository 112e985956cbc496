/** Forebay as this checkout has built it, with its default settings. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startForebay } from '../lib/forebay.js';
import type { LongRunning } from '../harness/processes.js';
import type { Peer } from './peer.js';

/** package.json, as seen from dist-dev/bench/peers. */
const PACKAGE = new URL('../../../package.json', import.meta.url);

export const forebay: Peer = {
  name: 'forebay',
  configuration: 'defaults, log level warn',
  role: 'cache',
  persistent: true,
  find: () => {
    const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { readonly version: string };
    return Promise.resolve({ kind: 'installed', version });
  },
  start: async ({ directory, originPort, capacityBytes, processes, prefix }) => {
    const started: LongRunning[] = [];
    const { url } = await startForebay(
      {
        originUrl: `http://127.0.0.1:${String(originPort)}`,
        cacheDirectory: join(directory, 'cache'),
        capacityBytes,
        prefix,
      },
      (child) => started.push(processes.adopt(child)),
    );
    const [process] = started;
    if (process === undefined) throw new Error('forebay was not started');
    return { port: Number(new URL(url).port), process };
  },
};

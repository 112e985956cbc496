/** What is fetched without a cache: straight from the origin, discarded or kept in a file. */
import { findProgram, type Peer } from './peer.js';

/** The bench's own origin, asked by the load client: the bar for time to first byte. */
export const origin: Peer = {
  name: 'origin',
  configuration: "the bench's own origin, without a cache",
  role: 'origin',
  persistent: true,
  find: () => Promise.resolve({ kind: 'installed', version: 'own' }),
  start: () => Promise.reject(new Error('the origin runs already')),
};

/** What people do without a cache. */
export const curl: Peer = {
  name: 'curl',
  configuration: 'curl -o FILE straight from the origin',
  role: 'download',
  persistent: true,
  find: () => findProgram('curl', ['--version'], /curl (\S+)/, 'apt-get install curl'),
  start: () => Promise.reject(new Error('curl serves nobody')),
};

/** Every peer, in the order of reports. A new one is a file beside this and a line here. */
import { curl, origin } from './direct.js';
import { forebay } from './forebay.js';
import { nginxSlice, nginxStatic } from './nginx.js';
import { olah } from './olah.js';
import type { Peer } from './peer.js';
import { squid } from './squid.js';
import { trafficServer } from './traffic-server.js';
import { varnish } from './varnish.js';

export const PEERS: readonly Peer[] = [
  forebay,
  nginxStatic,
  nginxSlice('1m'),
  nginxSlice('8m'),
  varnish,
  squid,
  trafficServer,
  olah,
  curl,
  origin,
];

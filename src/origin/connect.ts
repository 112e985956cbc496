/**
 * Opens connections to origins: the address check, the proxy, the race of addresses and TLS. Used
 * by the lean client, by undici (undici-connector) and by the doctor's probe.
 */
import net, { type OnReadOpts, type Socket } from 'node:net';
import tls from 'node:tls';
import { ForebayError } from '../model/errors.js';
import type { FetchUrl } from '../model/fetch.js';
import type { ProxyAddress } from '../model/reach.js';
import type { Clock } from '../model/time.js';
import { checkLiteralAddress, checkNamedAddress, guardedLookup, type Resolve } from './address.js';
import { dial } from './dial.js';
import { proxyRefused, proxyUnreachable } from './proxy-error.js';
import { secureContext } from './roots.js';
import { cancelledError, resetError, transportError } from './transport-error.js';
import { openTunnel } from './tunnel.js';

/** The parts of a `FetchUrl` that a connection depends on. */
export type ConnectPlace = Pick<FetchUrl, 'url' | 'addresses' | 'reach'>;

/** A finished step, reported for timing. `proxied`: the proxy has opened its tunnel. */
export type ConnectStep = 'lookup' | 'connect' | 'proxied' | 'tls';

export interface ConnectOptions {
  readonly clock: Clock;
  /** Aborting closes the connection; the promise rejects with `cancelled`. */
  readonly signal: AbortSignal;
  /** Memory for bytes of the finished connection: the option of `net.connect`. */
  readonly onread?: OnReadOpts | undefined;
  /** PEM certificates to trust in place of all others. */
  readonly ca?: string | undefined;
  readonly onStep?: ((step: ConnectStep) => void) | undefined;
  readonly resolve?: Resolve | undefined;
}

/**
 * Resolves with a connection that is ready for a request, with TLS where the URL is https. Rejects
 * with a `ForebayError`: `origin-address-refused`, `-proxy`, `-dns`, `-connect`, `-tls`, `-reset`,
 * `-protocol`, `overload` (this machine ran out of a resource) or `cancelled`.
 */
export async function connect(place: ConnectPlace, options: ConnectOptions): Promise<Socket> {
  try {
    return await reach(place, options);
  } catch (error) {
    if (options.signal.aborted) throw cancelledError();
    throw transportError(error, 'connecting');
  }
}

/** True when `onread` is ignored: Node reads TLS within a tunnel into memory of its own. */
export function readsByItself({ url, reach: route }: ConnectPlace): boolean {
  return url.startsWith('https:') && (route?.proxy ?? null) !== null;
}

async function reach(place: ConnectPlace, options: ConnectOptions): Promise<Socket> {
  const url = new URL(place.url);
  const { addresses, reach: route } = place;
  checkLiteralAddress(url.hostname, addresses);
  const proxy = route?.proxy ?? null;
  const secure = url.protocol === 'https:';
  if (proxy === null) {
    const context = secure ? secureContext(route?.tls, options.ca) : null;
    return open(url, addresses, context, options);
  }
  await checkNamedAddress(hostOf(url), addresses, options);
  if (!secure) return toProxy(proxy, place, options);
  const socket = await tunnelTo(url, proxy, place, options);
  const context = secureContext(route?.tls, options.ca);
  const secured = tls.connect({ socket, ...tlsOptions(url, context) });
  await handshake(secured, options.signal);
  options.onStep?.('tls');
  return secured;
}

/** Opens a connection to the proxy. Errors name the proxy. */
async function toProxy(
  proxy: ProxyAddress,
  { reach: route }: ConnectPlace,
  options: ConnectOptions,
): Promise<Socket> {
  const url = new URL(proxy.url);
  // The client certificate is only for the origin.
  const material = { ca: route?.tls.ca ?? null, cert: null, key: null };
  try {
    const context = url.protocol === 'https:' ? secureContext(material, options.ca) : null;
    // The operator configured the proxy, so it may have a private address.
    return await open(url, 'any', context, options);
  } catch (error) {
    throw proxyUnreachable(proxy, error);
  }
}

async function tunnelTo(
  url: URL,
  proxy: ProxyAddress,
  place: ConnectPlace,
  options: ConnectOptions,
): Promise<Socket> {
  const { onStep } = options;
  // The step `tls` means TLS to the origin, not TLS to the proxy.
  const steps = (step: ConnectStep): void => {
    if (step !== 'tls') onStep?.(step);
  };
  const socket = await toProxy(proxy, place, { ...options, onread: undefined, onStep: steps });
  const authority = `${url.hostname}:${portOf(url)}`;
  const { authorization } = proxy;
  try {
    const end = await openTunnel({ socket, authority, authorization, signal: options.signal });
    if (end.kind === 'refused') throw proxyRefused(proxy, end.status);
    onStep?.('proxied');
    return end.socket;
  } catch (error) {
    socket.on('error', ignore).destroy();
    throw error instanceof ForebayError ? error : proxyUnreachable(proxy, error);
  }
}

/** Connects to the host of `url` by TCP, with TLS where `context` is not null. */
async function open(
  url: URL,
  addresses: ConnectPlace['addresses'],
  context: tls.SecureContext | null,
  { clock, signal, onread, onStep, resolve }: ConnectOptions,
): Promise<Socket> {
  const socket = await dial({
    host: hostOf(url),
    port: Number(portOf(url)),
    lookup: guardedLookup(addresses, resolve),
    clock,
    signal,
    onread,
    onLookup: () => onStep?.('lookup'),
    // Each attempt has its own TLS socket: Node supports `onread` only where it connects by itself.
    ...(context !== null && {
      connect: (tcp) => tls.connect({ ...tcp, ...tlsOptions(url, context) }),
    }),
  });
  onStep?.('connect');
  if (socket instanceof tls.TLSSocket) {
    await handshake(socket, signal);
    onStep?.('tls');
  }
  return socket;
}

function tlsOptions(url: URL, context: tls.SecureContext) {
  const host = hostOf(url);
  return {
    // SNI carries names only (RFC 6066 section 3). The certificate is checked against `host`, which
    // may be an address.
    servername: net.isIP(host) === 0 ? host : '',
    checkServerIdentity: (_: string, certificate: tls.PeerCertificate) =>
      tls.checkServerIdentity(host, certificate),
    ALPNProtocols: ['http/1.1'],
    secureContext: context,
  };
}

/** Resolves after the TLS handshake. Destroys the connection and rejects when it fails. */
function handshake(socket: tls.TLSSocket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | undefined): void => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', settle).off('close', onClose).off('secureConnect', onSecure);
      if (error === undefined) {
        resolve();
        return;
      }
      socket.on('error', ignore).destroy();
      reject(error);
    };
    const onAbort = (): void => {
      settle(cancelledError());
    };
    const onClose = (): void => {
      settle(resetError('the connection was closed within the TLS handshake'));
    };
    const onSecure = (): void => {
      settle(undefined);
    };
    signal.addEventListener('abort', onAbort);
    socket.on('error', settle).on('close', onClose).on('secureConnect', onSecure);
    if (signal.aborted) onAbort();
  });
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function portOf(url: URL): string {
  if (url.port !== '') return url.port;
  return url.protocol === 'https:' ? '443' : '80';
}

function ignore(): void {
  // The error that matters was already thrown; an 'error' event without a listener would throw.
}

/** Checks the origins: whether and how fast each answers, and whether its clock and ours agree. */
import { X509Certificate } from 'node:crypto';
import { certificatesOf } from '../../config/reach-files.js';
import type { ResolvedConfig } from '../../config/schema.js';
import type { TlsMaterial } from '../../model/reach.js';
import type { Clock } from '../../model/time.js';
import type { RootFile } from '../../origin/roots.js';
import { fail, type Finding, ok, warn } from './finding.js';
import { type Probe, probeOrigin, type ProbeStep } from './origin-probe.js';

/** A skew up to a minute does no harm to freshness. The Date field has whole seconds only. */
const MAX_SKEW_MS = 60_000;

const STEP_ADVICE: Readonly<Record<ProbeStep, string>> = {
  'name lookup': 'Check the host name, and /etc/resolv.conf or the DNS of this machine.',
  connection: 'Check the port, the firewall and the routes from this machine.',
  proxy: 'Check the proxy named above, and origins[].proxy, HTTPS_PROXY, HTTP_PROXY and NO_PROXY.',
  'TLS handshake': 'Check the certificate, the host name, and origins[].caFile for a private CA.',
  response: 'Check that this is an HTTP server, and look into its log.',
};

/** Probes all origins concurrently. */
export async function checkOrigins(
  { origins, fill }: ResolvedConfig,
  clock: Clock,
): Promise<readonly Finding[]> {
  const timeoutMs = fill.connectTimeoutMs + fill.firstByteTimeoutMs;
  const findings = await Promise.all(
    origins.map(async (origin) => {
      const probe = await probeOrigin(origin, timeoutMs, clock);
      const { name, reach } = origin;
      return [
        ...judgeProbe(name, probe, clock.now()),
        ...checkCertificates(`origin ${name}`, reach?.tls, clock.now()),
      ];
    }),
  );
  return findings.flat();
}

/** Returns a finding for each certificate in an origin's settings that is not valid now. */
export function checkCertificates(
  check: string,
  tls: TlsMaterial | undefined,
  nowMs: number,
): readonly Finding[] {
  const files = [
    ['caFile', tls?.ca],
    ['certFile', tls?.cert],
  ] as const;
  return files.flatMap(([setting, pem]) =>
    certificatesOf(pem ?? '').flatMap((text) => {
      const { subject, validFrom, validTo } = new X509Certificate(text);
      const name = `${setting}: ${subject.replaceAll('\n', ', ')}`;
      const advice = `Put a certificate that is valid now into the file of ${setting}, and reload.`;
      if (Date.parse(validTo) < nowMs)
        return [fail(check, `${name} expired on ${validTo}`, advice)];
      if (Date.parse(validFrom) > nowMs) {
        return [fail(check, `${name} is valid from ${validFrom} on`, advice)];
      }
      return [];
    }),
  );
}

/** Returns a finding for each file of roots, named by a variable, that cannot be read. */
export function checkRoots(files: readonly RootFile[]): readonly Finding[] {
  return files.flatMap(({ path, variable, error }) =>
    variable === null || error === null
      ? []
      : [warn('roots', `${variable}: ${path}: ${error}`, `Correct ${variable}, or unset it.`)],
  );
}

/** Returns the findings of one probe; `nowMs` is our wall time at its end. */
export function judgeProbe(name: string, probe: Probe, nowMs: number): readonly Finding[] {
  const check = `origin ${name}`;
  if (probe.kind === 'failed') {
    return [fail(check, `${probe.step} failed: ${probe.why}`, STEP_ADVICE[probe.step])];
  }
  const { status, dateMs, proxy } = probe;
  const way = proxy === null ? '' : ` through the proxy ${proxy.url} (${proxy.setting})`;
  const found = `answers ${String(status)}${way}: ${times(probe)}`;
  const skewMs = dateMs === null ? 0 : nowMs - dateMs;
  return [
    judgeStatus(check, status, found),
    ...(Math.abs(skewMs) > MAX_SKEW_MS ? [judgeSkew(check, skewMs)] : []),
  ];
}

function judgeStatus(check: string, status: number, found: string): Finding {
  if (status === 401 || status === 403) {
    return warn(check, found, 'If its objects need a credential too, check origins[].headers.');
  }
  if (status >= 500 || status === 429) {
    return warn(check, found, 'Check the origin itself: it is failing or overloaded.');
  }
  return ok(check, found);
}

function judgeSkew(check: string, skewMs: number): Finding {
  const seconds = String(Math.round(Math.abs(skewMs) / 1000));
  const found = `our clock is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} its own`;
  return warn(check, found, 'Run NTP on this machine: freshness is computed from both clocks.');
}

function times({ lookupMs, connectMs, tlsMs, firstByteMs }: Probe & { kind: 'answered' }): string {
  const steps: readonly (readonly [string, number | null])[] = [
    ['lookup', lookupMs],
    ['TCP', connectMs],
    ['TLS', tlsMs],
    ['first byte', firstByteMs],
  ];
  return steps
    .flatMap(([name, ms]) => (ms === null ? [] : [`${name} ${ms.toFixed(0)} ms`]))
    .join(', ');
}

/**
 * Apache Traffic Server with the slice and cache_range_requests plugins, in a run root of its own.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, untilListening } from '../harness/free-port.js';
import { findProgram, type Found, openToAll, type Peer, systemEnvironment } from './peer.js';

const REMEDY = 'apt-get install trafficserver trafficserver-experimental-plugins';

/** Where distributions put it. */
const MODULES = ['/usr/lib/trafficserver/modules', '/opt/ts/libexec/trafficserver'];

export const trafficServer: Peer = {
  name: 'traffic-server',
  configuration: 'slice (1 MiB blocks) and cache_range_requests plugins, logging off',
  role: 'cache',
  persistent: true,
  find: async (): Promise<Found> => {
    const modules = MODULES.find((path) => existsSync(join(path, 'slice.so')));
    if (modules === undefined) return { kind: 'missing', remedy: REMEDY };
    return findProgram('traffic_server', ['-V'], /Traffic Server (\d[\d.]*)/, REMEDY);
  },
  start: async ({ directory, originPort, capacityBytes, processes, prefix }) => {
    const port = await freePort();
    const layout = writeLayout(directory);
    const write = (name: string, text: string): void => {
      writeFileSync(join(layout.sysconfdir, name), text);
    };
    write('records.config', records(port));
    write('storage.config', `${layout.cachedir} ${String(capacityBytes)}\n`);
    const here = `http://127.0.0.1:${String(port)}/`;
    const there = `http://127.0.0.1:${String(originPort)}/`;
    write(
      'remap.config',
      `map ${here} ${there} @plugin=slice.so @pparam=--blockbytes=1m @plugin=cache_range_requests.so\n`,
    );
    write('ip_allow.yaml', IP_ALLOW);
    for (const name of ['plugin.config', 'hosting.config', 'volume.config', 'cache.config']) {
      write(name, '');
    }
    openToAll(directory, ...Object.values(layout).filter((path) => path.startsWith(directory)));
    const runRoot = join(directory, 'runroot.yaml');
    const server = processes.start([...prefix, 'traffic_server', `--run-root=${runRoot}`], {
      logFile: join(directory, 'traffic-server.log'),
      env: systemEnvironment(),
    });
    await untilListening(port, server);
    return { port, process: server };
  },
};

function writeLayout(directory: string): Readonly<Record<'sysconfdir' | 'cachedir', string>> {
  const modules = MODULES.find((path) => existsSync(join(path, 'slice.so'))) ?? '';
  const own = [
    'sysconfdir',
    'localstatedir',
    'runtimedir',
    'logdir',
    'cachedir',
    'datadir',
  ] as const;
  const layout = Object.fromEntries(own.map((name) => [name, join(directory, name)])) as Record<
    (typeof own)[number],
    string
  >;
  for (const path of Object.values(layout)) mkdirSync(path, { recursive: true });
  const all = {
    prefix: '/usr',
    exec_prefix: '/usr',
    bindir: '/usr/bin',
    sbindir: '/usr/bin',
    includedir: '/usr/include',
    libdir: '/usr/lib',
    libexecdir: modules,
    ...layout,
  };
  const lines = Object.entries(all).map(([name, path]) => `${name}: ${path}\n`);
  writeFileSync(join(directory, 'runroot.yaml'), lines.join(''));
  return layout;
}

function records(port: number): string {
  // It refuses to be root. '#-1' is whoever starts it.
  const user = process.getuid?.() === 0 ? ownUser() : '#-1';
  return `CONFIG proxy.config.http.server_ports STRING ${String(port)}:ip-in=127.0.0.1
CONFIG proxy.config.admin.user_id STRING ${user}
CONFIG proxy.config.log.logging_enabled INT 0
CONFIG proxy.config.url_remap.remap_required INT 1
CONFIG proxy.config.reverse_proxy.enabled INT 1
CONFIG proxy.config.http.cache.http INT 1
CONFIG proxy.config.cache.permit.pinning INT 0
CONFIG proxy.config.net.connections_throttle INT 20000
CONFIG proxy.config.crash_log_helper STRING NULL
`;
}

/** The user that its package makes, or the one that every system has. */
function ownUser(): string {
  return /^trafficserver:/m.test(readFileSync('/etc/passwd', 'utf8')) ? 'trafficserver' : 'nobody';
}

const IP_ALLOW = `ip_allow:
  - apply: in
    ip_addrs: 0/0
    action: allow
    methods: ALL
`;

/** nginx as a static server, and as a cache that cuts objects into slices. */
import { linkSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, untilListening } from '../harness/free-port.js';
import {
  findProgram,
  openToAll,
  type Peer,
  type RunningPeer,
  type StartContext,
  systemEnvironment,
} from './peer.js';

const REMEDY = 'apt-get install nginx-light';

/** Memory for keys: 1 MiB holds some 8,000 slices. */
const KEYS_ZONE = '64m';

const find = (): ReturnType<Peer['find']> =>
  findProgram('nginx', ['-v'], /nginx version: nginx\/(\S+)/, REMEDY);

/** Files from the page cache by sendfile: the bar for hits. */
export const nginxStatic: Peer = {
  name: 'nginx-static',
  configuration: 'worker_processes auto, sendfile, tcp_nopush, access_log off',
  role: 'static',
  persistent: true,
  find,
  start: (context) => {
    const files = join(context.directory, 'objects');
    mkdirSync(files, { recursive: true });
    for (const name of readdirSync(join(context.filesDirectory, 'objects'))) {
      linkIfMissing(join(context.filesDirectory, 'objects', name), join(files, name));
    }
    return startNginx(context, `root ${context.directory};`, '');
  },
};

/** `proxy_cache` with the slice module: fetches and stores ranges of `sliceSize`. */
export function nginxSlice(sliceSize: string): Peer {
  return {
    name: `nginx-slice-${sliceSize}`,
    configuration: `proxy_cache, slice ${sliceSize}, proxy_cache_lock, use_temp_path=off, else as nginx-static`,
    role: 'cache',
    persistent: true,
    find,
    start: (context) => {
      const cache = join(context.directory, 'cache');
      mkdirSync(cache, { recursive: true });
      openToAll(cache);
      const bytes = String(context.capacityBytes);
      return startNginx(
        context,
        `slice ${sliceSize};
        proxy_cache weights;
        proxy_cache_key $uri$slice_range;
        proxy_cache_valid 200 206 1d;
        proxy_cache_lock on;
        proxy_set_header Range $slice_range;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_pass http://weights_origin;`,
        `proxy_cache_path ${cache} levels=1:2 keys_zone=weights:${KEYS_ZONE} max_size=${bytes}
      inactive=7d use_temp_path=off;
    upstream weights_origin { server 127.0.0.1:${String(context.originPort)}; keepalive 16; }`,
      );
    },
  };
}

async function startNginx(
  { directory, processes, prefix }: StartContext,
  location: string,
  extra: string,
): Promise<RunningPeer> {
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(directory, 'tmp')};`)
    .join(' ');
  const file = join(directory, 'nginx.conf');
  // Workers of a server started by root would not be allowed to read its directory.
  const user = process.getuid?.() === 0 ? 'user root root;' : '';
  writeFileSync(
    file,
    `daemon off; ${user}
  worker_processes auto;
  pid ${join(directory, 'pid')};
  error_log stderr error;
  events { worker_connections 8192; }
  http {
    access_log off; sendfile on; tcp_nopush on;
    keepalive_requests 100000000; default_type application/octet-stream;
    ${temporary}
    ${extra}
    server {
      listen 127.0.0.1:${String(port)} backlog=4096;
      location / { ${location} }
    }
  }
`,
  );
  const server = processes.start(
    [...prefix, 'nginx', '-p', directory, '-e', 'stderr', '-c', file],
    {
      logFile: join(directory, 'nginx.log'),
      env: systemEnvironment(),
    },
  );
  await untilListening(port, server);
  return { port, process: server };
}

function linkIfMissing(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

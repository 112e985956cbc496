/** Squid as an accelerator with a disk store; a range makes it fetch the whole object. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, untilListening } from '../harness/free-port.js';
import { findProgram, openToAll, type Peer, systemEnvironment } from './peer.js';

/** Making the directories of the store. */
const INIT_TIMEOUT_MS = 60_000;

export const squid: Peer = {
  name: 'squid',
  configuration: 'accelerator, aufs store, range_offset_limit none, collapsed_forwarding on',
  role: 'cache',
  persistent: true,
  find: () => findProgram('squid', ['-v'], /Version (\S+)/, 'apt-get install squid'),
  start: async ({ directory, originPort, capacityBytes, processes, prefix }) => {
    const port = await freePort();
    const file = join(directory, 'squid.conf');
    const megabytes = String(Math.ceil(capacityBytes / 2 ** 20));
    writeFileSync(
      file,
      `http_port 127.0.0.1:${String(port)} accel no-vhost defaultsite=127.0.0.1
cache_peer 127.0.0.1 parent ${String(originPort)} 0 no-query originserver name=weights
cache_peer_access weights allow all
http_access allow all
cache_dir aufs ${join(directory, 'cache')} ${megabytes} 16 256
maximum_object_size 1000 GB
range_offset_limit none
quick_abort_min -1 KB
collapsed_forwarding on
access_log none
cache_log ${join(directory, 'cache.log')}
cache_store_log none
netdb_filename none
pid_filename ${join(directory, 'pid')}
coredump_dir ${directory}
visible_hostname bench
pinger_enable off
icp_port 0
shutdown_lifetime 1 seconds
`,
    );
    mkdirSync(join(directory, 'cache'), { recursive: true });
    openToAll(directory, join(directory, 'cache'));
    // Letters and digits only; instances of one machine must not meet in shared memory.
    const service = `forebaybench${String(port)}`;
    const squid = ['squid', '-f', file, '-n', service];
    await processes.run(['sh', '-c', WITH_SBIN, ...squid, '-z', '-N'], INIT_TIMEOUT_MS);
    const server = processes.start([...prefix, ...squid, '--foreground'], {
      logFile: join(directory, 'squid.log'),
      env: systemEnvironment(),
    });
    await untilListening(port, server);
    return { port, process: server };
  },
};

const WITH_SBIN = 'PATH="$PATH:/usr/sbin" exec "$0" "$@"';

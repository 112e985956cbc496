/** Varnish with its file storage: it fetches whole objects, whatever range was asked for. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, untilListening } from '../harness/free-port.js';
import { findProgram, openToAll, type Peer, systemEnvironment } from './peer.js';

export const varnish: Peer = {
  name: 'varnish',
  configuration: 'file storage, built-in VCL',
  role: 'cache',
  persistent: false,
  find: () => findProgram('varnishd', ['-V'], /varnish-([\d.]+)/, 'apt-get install varnish'),
  start: async ({ directory, originPort, capacityBytes, processes, prefix }) => {
    const port = await freePort();
    const vcl = join(directory, 'bench.vcl');
    writeFileSync(
      vcl,
      `vcl 4.1;\nbackend default { .host = "127.0.0.1"; .port = "${String(originPort)}"; }\n`,
    );
    openToAll(directory);
    // Its defaults, but for the place; -j none: no change of user, as the directory is a temporary
    // one.
    const args = [
      ['-F', '-j', 'none', '-f', vcl, '-n', join(directory, 'work')],
      ['-a', `127.0.0.1:${String(port)}`, '-T', 'none'],
      ['-s', `file,${join(directory, 'storage')},${String(capacityBytes)}`],
    ].flat();
    const server = processes.start([...prefix, 'varnishd', ...args], {
      logFile: join(directory, 'varnish.log'),
      env: systemEnvironment(),
    });
    await untilListening(port, server);
    return { port, process: server };
  },
};

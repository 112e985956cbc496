/**
 * olah, a mirror of Hugging Face in Python: asked by its own URLs, in front of the bench's origin.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, untilListening } from '../harness/free-port.js';
import { findProgram, type Peer } from './peer.js';

/** A repository that the origin has: it looks at the end of a path alone. */
const REPOSITORY = '/bench/weights/resolve/main';

export const olah: Peer = {
  name: 'olah',
  configuration: 'defaults, hf-netloc set to the origin',
  role: 'cache',
  persistent: true,
  pathPrefix: REPOSITORY,
  // One process, and each hit begins with asking the origin for the file's head, on a new
  // connection.
  isSlow: true,
  find: () =>
    // It has no flag for its version: its help is there or not.
    findProgram('olah-cli', ['--help'], /olah[- ]v?(\d[\d.]*)/i, 'pip install olah'),
  start: async ({ directory, originPort, processes, prefix }) => {
    const port = await freePort();
    const file = join(directory, 'olah.toml');
    writeFileSync(
      file,
      `[basic]
host = "127.0.0.1"
port = ${String(port)}
repos-path = ${JSON.stringify(join(directory, 'repos'))}
hf-scheme = "http"
hf-netloc = "127.0.0.1:${String(originPort)}"
hf-lfs-netloc = "127.0.0.1:${String(originPort)}"

[accessibility]
offline = false
[[accessibility.proxy]]
repo = "*/*"
allow = true
[[accessibility.cache]]
repo = "*/*"
allow = true
`,
    );
    const logs = ['--log-path', join(directory, 'logs')];
    const server = processes.start([...prefix, 'olah-cli', '--config', file, ...logs], {
      logFile: join(directory, 'olah.log'),
      cwd: directory,
    });
    await untilListening(port, server);
    return { port, process: server };
  },
};

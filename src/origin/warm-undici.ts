/**
 * Runs undici once, without a network: it makes its parser (WebAssembly) with its first connection,
 * and its code runs for the first time, which together take some 30 ms. The first HEAD at a hub
 * waited for that.
 */
import { Duplex } from 'node:stream';
import type * as undici from 'undici';

/** A response as a hub sends it for a file; it is parsed and dropped. */
const ANSWER = 'HTTP/1.1 302 Found\r\nlocation: /\r\netag: "a"\r\ncontent-length: 0\r\n\r\n';

/** Enough for a connection that is kept to be used again. */
const REQUESTS = 3;

/** A connection whose other side answers each request. */
class Canned extends Duplex {
  override _read(): void {
    // It has something to be read when something was written.
  }

  override _write(_request: unknown, _encoding: string, written: () => void): void {
    this.push(ANSWER);
    written();
  }
}

/** Resolves with the statuses that it read. Rejects where undici does. */
export async function warmUndici({ Pool }: Pick<typeof undici, 'Pool'>): Promise<number[]> {
  const pool = new Pool('http://nowhere.invalid', {
    connections: 1,
    connect: (_target, connected) => {
      setImmediate(() => {
        // The parts of a connection that undici uses are those of a stream.
        connected(null, new Canned() as never);
      });
    },
  });
  const statuses: number[] = [];
  try {
    for (let sent = 0; sent < REQUESTS; sent += 1) {
      const head = await pool.request({
        method: 'HEAD',
        path: '/',
        headers: { accept: '*/*' },
        responseHeaders: 'raw',
        reset: false,
      });
      await head.body.dump();
      statuses.push(head.statusCode);
    }
  } finally {
    await pool.destroy();
  }
  return statuses;
}

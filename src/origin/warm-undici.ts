/**
 * Runs undici once, without a network, before its first real request. undici makes its parser
 * (WebAssembly) with its first connection, and its code then runs for the first time. Together this
 * would delay the first HEAD at a hub by some 30 ms. Used by pass-client.
 */
import { Duplex } from 'node:stream';
import type * as undici from 'undici';

/** A response like that of a hub to a HEAD for a file; its values are not used. */
const ANSWER = 'HTTP/1.1 302 Found\r\nlocation: /\r\netag: "a"\r\ncontent-length: 0\r\n\r\n';

/** Enough requests for undici to reuse the kept connection. */
const REQUESTS = 3;

/** A connection that answers each request with `ANSWER`. */
class Canned extends Duplex {
  override _read(): void {
    // `_write` pushes the data to read.
  }

  override _write(_request: unknown, _encoding: string, written: () => void): void {
    this.push(ANSWER);
    written();
  }
}

/** Resolves with the statuses of the responses. Rejects with undici's errors. */
export async function warmUndici({ Pool }: Pick<typeof undici, 'Pool'>): Promise<number[]> {
  const pool = new Pool('http://nowhere.invalid', {
    connections: 1,
    connect: (_target, connected) => {
      setImmediate(() => {
        // undici needs nothing of a connection beyond a stream's methods.
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

/** A client of bench/transfers-cost, a process of its own: takes bodies and throws them away. */
import { Agent, get } from 'node:http';

/** Asks for `url` so many times at once. */
export interface DrainRequest {
  readonly url: string;
  readonly count: number;
}

export interface DrainReply {
  /** Body bytes of all responses. */
  readonly bytes: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

function drain(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      let bytes = 0;
      response.on('data', (piece: Buffer) => (bytes += piece.length));
      response.on('error', reject);
      response.on('end', () => {
        resolve(bytes);
      });
    }).on('error', reject);
  });
}

process.on('message', ({ url, count }: DrainRequest) => {
  void Promise.all(Array.from({ length: count }, () => drain(url))).then((all) => {
    const reply: DrainReply = { bytes: all.reduce((sum, bytes) => sum + bytes, 0) };
    process.send?.(reply);
  });
});
process.on('disconnect', () => process.exit());

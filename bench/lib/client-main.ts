/**
 * One of the demo's clients, a process of its own: asks for all files at once, hashes what comes
 * and keeps nothing. It does as its parent says and ends with it.
 */
import { createHash } from 'node:crypto';
import { Agent, get, type IncomingMessage } from 'node:http';
import type { ClientReply, ClientRequest, Fetched } from './messages.js';

const agent = new Agent({ keepAlive: true });

async function fetchFile(baseUrl: string, name: string): Promise<Fetched> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${baseUrl}/${name}`, { agent }, resolve).on('error', reject);
  });
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    hash.update(piece);
    bytes += piece.length;
  }
  return {
    name,
    status: response.statusCode ?? 0,
    bytes,
    sha256: hash.digest('hex'),
    cacheStatus: String(response.headers['cache-status'] ?? ''),
  };
}

async function fetchAll({ baseUrl, names }: ClientRequest): Promise<ClientReply> {
  try {
    const files = await Promise.all(names.map((name) => fetchFile(baseUrl, name)));
    return { kind: 'fetched', files };
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
}

process.on('message', (request: ClientRequest) => {
  void fetchAll(request).then((reply) => process.send?.(reply));
});
process.on('disconnect', () => process.exit());
// An interrupt from the terminal reaches this process too: its parent ends it when it is time.
process.on('SIGINT', () => undefined);

/**
 * The demo's origin, a process of its own: a static server with strong entity-tags, ranges, and a
 * count of what it was asked for. It serves the files that its parent names and ends with it.
 */
import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { parseRange, resolveRange } from '#src/http/request/range-header.js';
import type { OriginReply, OriginRequest } from './messages.js';

/** As a model hub answers for what a commit hash names. */
const CACHE_CONTROL = 'max-age=86400';

/** One read of a file: Node's default of 64 KiB would make this origin the slow part. */
const READ_BYTES = 1024 * 1024;

interface Served {
  readonly path: string;
  readonly bytes: number;
  readonly entityTag: string;
}

const files = new Map<string, Served>();
let requests = 0;
let bodyBytes = 0;

const server = createServer((request, response) => {
  requests += 1;
  const file = files.get((request.url ?? '').slice(1));
  if (file === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) {
    response.writeHead(file === undefined ? 404 : 405, { 'content-length': 0 }).end();
    return;
  }
  answer(request, response, file);
});

function answer(request: IncomingMessage, response: ServerResponse, file: Served): void {
  const ifRange = request.headers['if-range'];
  const valid = ifRange === undefined || ifRange === file.entityTag;
  const field = parseRange(valid ? request.headers.range : undefined);
  const spec = field.kind === 'ranges' && field.ranges.length === 1 ? field.ranges[0] : undefined;
  const range = spec === undefined ? undefined : resolveRange(spec, file.bytes);
  const fields = {
    'cache-control': CACHE_CONTROL,
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    etag: file.entityTag,
  };
  if (range === 'unsatisfiable') {
    const contentRange = `bytes */${String(file.bytes)}`;
    response.writeHead(416, { ...fields, 'content-range': contentRange, 'content-length': 0 });
    response.end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: file.bytes };
  const contentRange = `bytes ${String(start)}-${String(end - 1)}/${String(file.bytes)}`;
  response.writeHead(range === undefined ? 200 : 206, {
    ...fields,
    'content-length': end - start,
    ...(range !== undefined && { 'content-range': contentRange }),
  });
  if (request.method === 'HEAD' || end === start) {
    response.end();
    return;
  }
  const body = createReadStream(file.path, { start, end: end - 1, highWaterMark: READ_BYTES });
  body.on('data', (piece) => {
    bodyBytes += piece.length;
  });
  pipeline(body, response, () => {
    // A client that leaves, or a file that is gone, has ended the response: there is nobody to
    // tell.
  });
}

function reply(): void {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  process.send?.({ port, requests, bodyBytes } satisfies OriginReply);
  requests = 0;
  bodyBytes = 0;
}

process.on('message', (message: OriginRequest) => {
  switch (message.kind) {
    case 'serve':
      for (const [name, entityTag] of Object.entries(message.entityTags)) {
        const path = join(message.directory, name);
        files.set(name, { path, bytes: statSync(path).size, entityTag });
      }
      server.listen(0, '127.0.0.1', reply);
      return;
    case 'count':
      reply();
  }
});
process.on('disconnect', () => process.exit());
// An interrupt from the terminal reaches this process too: its parent ends it when it is time.
process.on('SIGINT', () => undefined);

/**
 * Writes a cache directory that looks like one in use, as far as a start looks: micro/startup reads
 * it.
 */
import { createHash } from 'node:crypto';
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { GROUP_SIZE_BYTES, ID_BYTES } from '#src/model/chunk.js';
import { parseChunkId } from '#src/model/ids.js';
import type { ObjectIdentity } from '#src/model/manifest.js';
import { checkFormat } from '#src/store/directory/format-file.js';
import { objectKey } from '#src/store/objects/keys.js';
import { Layout } from '#src/store/directory/layout.js';
import { encodeManifest } from '#src/store/objects/manifest-records.js';

export const CHUNK_BYTES = 8 * 2 ** 20;

/** Objects of 8 GiB, as shards of large models are. */
const CHUNKS_PER_OBJECT = 1024;

/**
 * `directory` is empty; afterwards it holds `chunks` chunk files and the manifests that name them.
 */
export function writeCache(directory: string, chunks: number): void {
  const layout = new Layout(directory);
  checkFormat(layout, CHUNK_BYTES);
  for (const path of layout.directories) mkdirSync(path, { recursive: true });
  for (let first = 0; first < chunks; first += CHUNKS_PER_OBJECT) {
    writeObject(layout, first, Math.min(CHUNKS_PER_OBJECT, chunks - first));
  }
}

function writeObject(layout: Layout, first: number, count: number): void {
  const identity: ObjectIdentity = {
    origin: 'bench',
    uri: `http://127.0.0.1/objects/${String(first)}`,
    variant: '',
    validator: { kind: 'etag', strong: true, value: `"${String(first)}"` },
    uniqueToken: '',
    lengthBytes: count * CHUNK_BYTES,
    chunkSizeBytes: CHUNK_BYTES,
    digest: null,
  };
  const groupIds = new Uint8Array((CHUNK_BYTES / GROUP_SIZE_BYTES) * ID_BYTES);
  const records = Array.from({ length: count }, (_, index) => {
    const name = createHash('sha256')
      .update(`chunk ${String(first + index)}`)
      .digest('hex');
    const id = parseChunkId(name);
    if (id === undefined) throw new Error('not an id');
    const path = layout.chunk(id);
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, 'wx', 0o600);
    ftruncateSync(file, CHUNK_BYTES);
    closeSync(file);
    return { index, lengthBytes: CHUNK_BYTES, id, groupIds };
  });
  const contents = {
    identity,
    records: new Map(records.map((record) => [record.index, record])),
    attestedBy: null,
  };
  const path = layout.manifest(objectKey(identity));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, encodeManifest(contents), { mode: 0o600 });
}

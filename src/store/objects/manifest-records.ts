/**
 * The records of a manifest and the contents that they add up to. Pure: no file is touched here.
 * The same rules apply a record when it is read at start and when it is written
 * (store/objects/manifest-log), so that memory and disk cannot disagree.
 */
import { groupCount, ID_BYTES } from '../../model/chunk.js';
import { type Digest, formatDigest, parseDigest } from '../../model/digest.js';
import { type ChunkId, parseChunkId } from '../../model/ids.js';
import type { ChunkRecord, ObjectIdentity } from '../../model/manifest.js';
import { identityJson, parseIdentity } from './identity-json.js';
import { decodeLines, encodeLine } from './record-line.js';

/** A record that may follow the first one of a manifest. */
export type ManifestChange =
  | { readonly kind: 'chunk'; readonly record: ChunkRecord }
  /** The digest was checked over the whole object. */
  | { readonly kind: 'attested'; readonly digest: Digest }
  /** Has the id as well, so that a newer record of that index is not forgotten with it. */
  | { readonly kind: 'forgotten'; readonly index: number; readonly id: ChunkId };

/** The result of applying all records of one manifest. */
export interface ManifestContents {
  readonly identity: ObjectIdentity;
  readonly records: Map<number, ChunkRecord>;
  attestedBy: Digest | null;
}

export interface ParsedManifest {
  readonly contents: ManifestContents;
  /** Offset of the end of the last whole line. The next append cuts off the torn rest. */
  readonly endOfLines: number;
  /** Bytes of dead lines: damaged, replaced or forgotten. */
  readonly deadBytes: number;
}

/**
 * Applies one change and returns how many bytes of lines it makes dead. An attestation covers the
 * ids at its time: it ends when one of them is forgotten or replaced by another.
 */
export function applyChange(contents: ManifestContents, change: ManifestChange): number {
  const { records } = contents;
  switch (change.kind) {
    case 'chunk': {
      const before = records.get(change.record.index);
      const endsAttestation = before?.id !== change.record.id;
      records.set(change.record.index, change.record);
      return deadLine(before) + (endsAttestation ? endAttestation(contents) : 0);
    }
    case 'forgotten':
      return encodeChange(change).length + forgetRecord(contents, change);
    case 'attested': {
      const dead = endAttestation(contents);
      contents.attestedBy = change.digest;
      return dead;
    }
  }
}

/** Applies a `forgotten` line and returns how many bytes of older lines it makes dead. */
export function forgetRecord(
  contents: ManifestContents,
  { index, id }: Pick<ChunkRecord, 'index' | 'id'>,
): number {
  const before = contents.records.get(index);
  if (before?.id !== id) return 0;
  contents.records.delete(index);
  return deadLine(before) + endAttestation(contents);
}

/** Encodes the first line of a manifest. */
export function encodeIdentity(identity: ObjectIdentity): Buffer {
  return encodeLine({ kind: 'object', identity: identityJson(identity) });
}

/** Encodes one line. Group ids are base64, a third shorter than hex, as no person reads them. */
export function encodeChange(change: ManifestChange): Buffer {
  switch (change.kind) {
    case 'chunk': {
      const { index, lengthBytes, id, groupIds } = change.record;
      const groups = Buffer.from(groupIds).toString('base64');
      return encodeLine({ kind: 'chunk', index, lengthBytes, id, groups });
    }
    case 'attested':
      return encodeLine({ kind: 'attested', digest: formatDigest(change.digest) });
    case 'forgotten':
      return encodeLine({ kind: 'forgotten', index: change.index, id: change.id });
  }
}

/** Encodes a manifest without dead lines. */
export function encodeManifest(contents: ManifestContents): Buffer {
  const lines = [encodeIdentity(contents.identity)];
  for (const record of contents.records.values())
    lines.push(encodeChange({ kind: 'chunk', record }));
  if (contents.attestedBy !== null) {
    lines.push(encodeChange({ kind: 'attested', digest: contents.attestedBy }));
  }
  return Buffer.concat(lines);
}

/**
 * Parses a manifest. Skips lines whose checksum or shape is wrong; returns `undefined` when the
 * first record cannot be parsed, because the rest has no meaning without it. Never throws.
 */
export function parseManifest(bytes: Buffer): ParsedManifest | undefined {
  let contents: ManifestContents | undefined;
  let endOfLines = 0;
  let deadBytes = 0;
  for (const line of decodeLines(bytes)) {
    endOfLines += line.lengthBytes;
    if (contents === undefined) {
      const identity = parseObjectRecord(line.value);
      if (identity === undefined) return undefined;
      contents = { identity, records: new Map(), attestedBy: null };
      continue;
    }
    const change = parseChange(line.value);
    deadBytes += change === undefined ? line.lengthBytes : applyChange(contents, change);
  }
  return contents === undefined ? undefined : { contents, endOfLines, deadBytes };
}

function endAttestation(contents: ManifestContents): number {
  const digest = contents.attestedBy;
  contents.attestedBy = null;
  return digest === null ? 0 : encodeChange({ kind: 'attested', digest }).length;
}

function deadLine(record: ChunkRecord | undefined): number {
  return record === undefined ? 0 : encodeChange({ kind: 'chunk', record }).length;
}

function parseObjectRecord(value: unknown): ObjectIdentity | undefined {
  const record = asObject(value);
  return record?.['kind'] === 'object' ? parseIdentity(record['identity']) : undefined;
}

function parseChange(value: unknown): ManifestChange | undefined {
  const fields = asObject(value);
  switch (fields?.['kind']) {
    case 'chunk': {
      const record = parseChunkRecord(fields);
      return record === undefined ? undefined : { kind: 'chunk', record };
    }
    case 'attested': {
      const digest =
        typeof fields['digest'] === 'string' ? parseDigest(fields['digest']) : undefined;
      return digest === undefined ? undefined : { kind: 'attested', digest };
    }
    case 'forgotten': {
      const { index, id: text } = fields;
      const id = typeof text === 'string' ? parseChunkId(text) : undefined;
      return isCount(index) && id !== undefined ? { kind: 'forgotten', index, id } : undefined;
    }
    default:
      return undefined;
  }
}

function parseChunkRecord(fields: Record<string, unknown>): ChunkRecord | undefined {
  const { index, lengthBytes, id: idText, groups } = fields;
  if (!isCount(index) || !isCount(lengthBytes)) return undefined;
  if (typeof idText !== 'string' || typeof groups !== 'string') return undefined;
  const id = parseChunkId(idText);
  // A copy: a small Buffer is a view of a shared pool, and posting it to a worker would clone the
  // whole pool.
  const groupIds = new Uint8Array(Buffer.from(groups, 'base64'));
  if (id === undefined || groupIds.length !== groupCount(lengthBytes) * ID_BYTES) return undefined;
  return { index, lengthBytes, id, groupIds };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)
    : undefined;
}

/**
 * Makes a filled draft a held chunk: rename, then manifest record, then index. A kill after the
 * rename leaves an orphan, which is never served; a failure undoes the steps before it.
 */
import { type BigIntStats, fstat } from 'node:fs';
import { promisify } from 'node:util';
import { groupCount, ID_BYTES } from '../../model/chunk.js';
import { isId } from '../../model/ids.js';
import type { ChunkRecord, ObjectIdentity } from '../../model/manifest.js';
import { ChunkEntry } from '../chunks/chunk-index.js';
import { type ChunkFiles, DamagedFileError, type StoreDeps } from '../chunks/chunk-files.js';
import type { Drafts, FilledDraft } from '../chunks/drafts.js';
import { HeldFile, Lease } from '../chunks/held-chunk.js';
import type { Manifests } from '../objects/manifests.js';
import type { ObjectState } from '../objects/object-state.js';
import { type CountedFile, identityOf } from '../chunks/open-files.js';

const statDescriptor = promisify<number, { bigint: true }, BigIntStats>(fstat);

export interface CommitDeps extends StoreDeps {
  readonly files: ChunkFiles;
  readonly drafts: Drafts;
  readonly manifests: Manifests;
}

/** Throws a `RangeError` when the object cannot have such a record: the caller's mistake. */
export function checkRecord(
  identity: ObjectIdentity,
  record: ChunkRecord,
  draftLengthBytes: number,
): void {
  const { index, lengthBytes, groupIds, id } = record;
  const { chunkSizeBytes } = identity;
  const validIndex = Number.isSafeInteger(index) && index >= 0;
  if (!validIndex || !Number.isSafeInteger(lengthBytes) || lengthBytes <= 0 || !isId(id)) {
    throw new RangeError(
      `not a chunk record: index ${String(index)}, ${String(lengthBytes)} bytes`,
    );
  }
  const start = index * chunkSizeBytes;
  const rest = identity.lengthBytes === null ? lengthBytes : identity.lengthBytes - start;
  if (lengthBytes !== Math.min(rest, chunkSizeBytes) || lengthBytes > draftLengthBytes) {
    throw new RangeError(`chunk ${String(index)} cannot have ${String(lengthBytes)} bytes`);
  }
  if (groupIds.length !== groupCount(lengthBytes) * ID_BYTES) {
    throw new RangeError(
      `chunk ${String(index)} has ${String(groupIds.length)} bytes of group ids`,
    );
  }
}

/**
 * Stores the draft as chunk `record` of the object. If that fails, cleans up the draft and resolves
 * to `null`. The caller has checked the record.
 */
export async function commitDraft(
  parts: CommitDeps,
  state: ObjectState,
  draft: FilledDraft,
  record: ChunkRecord,
): Promise<HeldFile | null> {
  const { drafts, files, health } = parts;
  const filled = await statDescriptor(draft.file.fd, { bigint: true }).catch(() => undefined);
  // A memfd has no link: the worker may have moved the draft to memory without a report yet. The
  // descriptor is not the file at the draft's path then.
  if (filled?.size !== BigInt(record.lengthBytes) || filled.nlink !== 1n) {
    health.readFailed('commit', new DamagedFileError('the draft does not match its record'));
    drafts.abandon(draft);
    return null;
  }
  draft.file.identity = identityOf(filled);
  return files.exclusive(record.id, async () => {
    const existing = await keepExisting(parts, state, draft, record);
    if (existing === 'none') return place(parts, state, draft, record);
    drafts.abandon(draft);
    return existing;
  });
}

/**
 * Reuses the chunk file of another manifest that has equal bytes at an equal offset, if there is
 * one. It is kept when it is verified or busy. An idle one that this process has not verified is
 * deleted in favour of the draft, whose bytes are verified: resolves to `none`. Resolves to `null`
 * when the file was kept but the record could not be appended.
 */
async function keepExisting(
  parts: CommitDeps,
  state: ObjectState,
  draft: FilledDraft,
  record: ChunkRecord,
): Promise<HeldFile | null | 'none'> {
  const { files, index } = parts;
  const existing = index.get(record.id);
  if (existing === undefined) return 'none';
  const keep = isWorthKeeping(existing, record);
  const lease = new Lease(existing);
  const file = keep ? await openKept(files, existing) : undefined;
  if (file === undefined) {
    lease.release();
    index.delete(existing);
    await files.unlink(existing);
    return 'none';
  }
  if (await appendRecord(parts, state, draft, record)) {
    index.own(existing, state.known);
    index.touch(existing);
    return new HeldFile(existing, record, file, lease);
  }
  file.release();
  lease.release();
  return null;
}

function isWorthKeeping(existing: ChunkEntry, record: ChunkRecord): boolean {
  if (existing.lengthBytes !== record.lengthBytes) return false;
  return existing.verifiedAs !== null || existing.isBusy;
}

/** Opens its file; resolves to `undefined` if another file is at its path since it was verified. */
async function openKept(files: ChunkFiles, existing: ChunkEntry): Promise<CountedFile | undefined> {
  const { verifiedAs } = existing;
  const file = await files.openWithin(existing).catch(() => undefined);
  if (file === undefined || verifiedAs === null || file.identity === verifiedAs) return file;
  file.release();
  return undefined;
}

async function place(
  parts: CommitDeps,
  state: ObjectState,
  draft: FilledDraft,
  record: ChunkRecord,
): Promise<HeldFile | null> {
  const { drafts, files, health, index } = parts;
  const entry = new ChunkEntry(record.id, record.lengthBytes);
  try {
    await files.place(draft.path, entry, draft.reservation);
  } catch (error) {
    health.failed('rename', error);
    drafts.abandon(draft);
    return null;
  }
  entry.file = draft.file;
  const appended = await appendRecord(parts, state, draft, record);
  draft.reservation.release();
  if (!appended) {
    await files.unlink(entry);
    draft.file.release();
    return null;
  }
  entry.verifiedAs = draft.file.identity;
  entry.owners = [state.known];
  draft.file.whenUnused = 'keep';
  index.add(entry);
  health.worked();
  return new HeldFile(entry, record, draft.file, new Lease(entry));
}

/**
 * Appends the record, unless the manifest has it: a chunk's ids stay there after its eviction,
 * until it is fetched again. Resolves to false when the record could not be written.
 */
async function appendRecord(
  { manifests }: CommitDeps,
  state: ObjectState,
  draft: FilledDraft,
  record: ChunkRecord,
): Promise<boolean> {
  if (state.life === 'live' && state.records.get(record.index)?.id === record.id) return true;
  return manifests.append(state, [{ kind: 'chunk', record }], draft.reservation);
}

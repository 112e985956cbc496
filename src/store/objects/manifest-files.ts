/**
 * Reads, appends to, compacts and deletes manifest files, and keeps the ledger and the share of
 * metadata in step. Its only user is store/objects/manifests, which runs one call at a time per
 * file.
 */
import { unlink } from 'node:fs/promises';
import type { StoreDeps } from '../chunks/chunk-files.js';
import { MAX_NAME_COST } from '../space/directories.js';
import { isMissing, isOutOfDescriptors } from '../directory/errno.js';
import { objectKey } from './keys.js';
import { fileCost, type Reservation } from '../space/ledger.js';
import { ManifestLog } from './manifest-log.js';
import type { ManifestChange } from './manifest-records.js';
import type { Metadata } from '../space/metadata.js';
import type { KnownManifest, ObjectState } from './object-state.js';
import type { Space } from '../chunks/space.js';

export interface ManifestFileDeps extends StoreDeps {
  readonly space: Space;
  readonly metadata: Metadata;
}

export class ManifestFiles {
  readonly #parts: ManifestFileDeps;

  constructor(parts: ManifestFileDeps) {
    this.#parts = parts;
  }

  /**
   * Reads a manifest. Deletes one that cannot be read and resolves to `undefined`: the object
   * starts anew. Rejects when the process is out of descriptors.
   */
  async read(known: KnownManifest): Promise<ManifestLog | undefined> {
    if (known.sizeBytes === 0) return undefined;
    const { health, layout, own } = this.#parts;
    try {
      const log = await ManifestLog.read(layout.manifest(known.key), own);
      if (log !== undefined && objectKey(log.contents.identity) === known.key) return log;
    } catch (error) {
      if (!isMissing(error)) health.readFailed('read', error);
      // The process lacks descriptors; the file may be intact, so it is not deleted.
      if (isOutOfDescriptors(error)) throw error;
    }
    await this.delete(known);
    return undefined;
  }

  /** Appends records whose room was reserved. Resolves to false when they could not be written. */
  async append(
    state: ObjectState,
    changes: readonly ManifestChange[],
    reservation: Reservation,
  ): Promise<boolean> {
    const { directories, health, metadata } = this.#parts;
    const { known, log } = state;
    const before = known.sizeBytes === 0 ? 0 : fileCost(known.sizeBytes);
    const growth = fileCost(log.sizeBytes + log.growth(changes)) - before;
    if (growth + MAX_NAME_COST > reservation.bytes) return false;
    if (growth > 0) metadata.makeRoom(growth);
    try {
      if (before === 0) await directories.ensure('manifests', known.key);
      await log.append(changes);
    } catch (error) {
      if (isMissing(error)) directories.lost('manifests', known.key);
      health.failed('append', error);
      return false;
    }
    known.sizeBytes = log.sizeBytes;
    reservation.spend('metadata', growth);
    metadata.add(known);
    if (before === 0) directories.added('manifests', known.key, reservation);
    return true;
  }

  /** Replaces the file by one without dead lines. */
  async compact({ known, log }: ObjectState): Promise<void> {
    const { health, layout, ledger, metadata, space } = this.#parts;
    const reservation = await space.reserve(fileCost(log.sizeBytes));
    if (reservation === undefined) return;
    try {
      const before = fileCost(known.sizeBytes);
      await log.rewrite(layout.nextDraft());
      known.sizeBytes = log.sizeBytes;
      reservation.spend('metadata', fileCost(known.sizeBytes));
      ledger.release('metadata', before);
      metadata.add(known);
    } catch (error) {
      health.failed('rewrite', error);
    } finally {
      reservation.release();
    }
  }

  /** Deletes the file and sets `sizeBytes` to 0, which stays as it is when the disk refuses. */
  async delete(known: KnownManifest): Promise<void> {
    if (known.sizeBytes === 0) return;
    const { directories, health, layout, ledger, metadata } = this.#parts;
    try {
      await unlink(layout.manifest(known.key));
    } catch (error) {
      if (!isMissing(error)) {
        health.failed('unlink', error);
        return;
      }
    }
    directories.removed('manifests', known.key);
    ledger.release('metadata', fileCost(known.sizeBytes));
    known.sizeBytes = 0;
    metadata.remove(known);
  }
}

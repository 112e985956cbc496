/**
 * Pins set while the program runs: objects whose chunks are evicted last, in addition to those that
 * the configuration pins. Kept in one small file, which is replaced whole and read at every start.
 * store/open-store constructs the store of pins; the admin API changes them.
 */
import { rename, unlink, writeFile } from 'node:fs/promises';
import type { Pin, PinStore } from '../../model/store.js';
import type { StoreDeps } from '../chunks/chunk-files.js';
import { KeyedLock } from '../directory/keyed-lock.js';
import { fileCost } from '../space/ledger.js';
import { Ownership } from '../directory/ownership.js';
import { decodeLines, encodeLine } from '../objects/record-line.js';
import type { CacheDirectory } from '../directory/cache-directory.js';
import type { Space } from '../chunks/space.js';

const FILE_MODE = 0o600;

/** Maximum number of pins: every object is compared with each of them. */
export const MAX_PINS = 256;

export interface PinDeps extends StoreDeps {
  readonly space: Space;
  readonly site: CacheDirectory;
  /** Called after the pins changed, to move chunks to their new eviction order. */
  readonly onChange: () => void;
}

/**
 * Reads the pins; returns none when the file is missing, damaged or not ours. `sizeBytes` is the
 * length of the file.
 */
export function readPins(
  path: string,
  own: Ownership = new Ownership(),
): { pins: readonly Pin[]; sizeBytes: number } {
  let bytes: Buffer;
  try {
    bytes = own.readSync(path);
  } catch {
    return { pins: [], sizeBytes: 0 };
  }
  const [line] = decodeLines(bytes);
  const listed = (line?.value as { pins?: unknown } | undefined)?.pins;
  const pins = Array.isArray(listed) ? listed.filter(isPin).slice(0, MAX_PINS) : [];
  return { pins, sizeBytes: bytes.length };
}

export class Pins implements PinStore {
  readonly #parts: PinDeps;
  readonly #locks = new KeyedLock<'pins'>();
  #pins: readonly Pin[];
  /** Bytes charged for the present file. */
  #chargedBytes: number;

  /** `found`: the result of `readPins`, already charged. */
  constructor(
    parts: PinDeps,
    found: { readonly pins: readonly Pin[]; readonly sizeBytes: number },
  ) {
    this.#parts = parts;
    this.#pins = found.pins;
    this.#chargedBytes = found.sizeBytes === 0 ? 0 : fileCost(found.sizeBytes);
  }

  list(): readonly Pin[] {
    return this.#pins;
  }

  async add(pin: Pin): Promise<'kept' | 'in-memory' | 'too-many'> {
    if (this.#pins.some((other) => isSame(other, pin))) return this.#save();
    if (this.#pins.length >= MAX_PINS) return 'too-many';
    return this.#change([...this.#pins, { origin: pin.origin, pathPrefix: pin.pathPrefix }]);
  }

  async remove(pin: Pin): Promise<'kept' | 'in-memory' | 'unknown'> {
    const left = this.#pins.filter((other) => !isSame(other, pin));
    if (left.length === this.#pins.length) return 'unknown';
    return this.#change(left);
  }

  #change(pins: readonly Pin[]): Promise<'kept' | 'in-memory'> {
    this.#pins = pins;
    this.#parts.onChange();
    return this.#save();
  }

  #save(): Promise<'kept' | 'in-memory'> {
    return this.#locks.run('pins', async () => ((await this.#write()) ? 'kept' : 'in-memory'));
  }

  async #write(): Promise<boolean> {
    const { health, layout, ledger, site, space } = this.#parts;
    if (!site.isReady || !health.writable) return false;
    const bytes = encodeLine({ kind: 'pins', pins: this.#pins });
    const reservation = await space.reserve(fileCost(bytes.length));
    if (reservation === undefined) return false;
    const path = layout.nextDraft();
    try {
      await writeFile(path, bytes, { mode: FILE_MODE, flag: 'wx' });
      await rename(path, layout.pins);
      reservation.spend('hints', fileCost(bytes.length));
      ledger.release('hints', this.#chargedBytes);
      this.#chargedBytes = fileCost(bytes.length);
      return true;
    } catch (error) {
      health.failed('pins', error);
      await unlink(path).catch(() => undefined);
      return false;
    } finally {
      reservation.release();
    }
  }
}

function isSame(a: Pin, b: Pin): boolean {
  return a.origin === b.origin && a.pathPrefix === b.pathPrefix;
}

function isPin(value: unknown): value is Pin {
  if (typeof value !== 'object' || value === null) return false;
  const { origin, pathPrefix } = value as Record<string, unknown>;
  return typeof origin === 'string' && typeof pathPrefix === 'string';
}

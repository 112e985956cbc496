/**
 * The ledger: every byte that the cache directory takes on its device, by kind. All rooms of the
 * store that create, grow or delete a file report it here; store/chunks/space grants room by it.
 * The sum of the accounts never exceeds the capacity, except for what was there at start.
 */

/** Files take whole blocks of this size on the file systems that Forebay meets. */
export const BLOCK_BYTES = 4096;

/**
 * What a name in a directory may cost: 72 bytes on ext4 for 64 digits, twice that when the leaves
 * of the directory's tree are half full.
 */
const DIRECTORY_ENTRY_BYTES = 144;

/**
 * linked: chunk files. metadata: manifests and response records. hints: the order and the pins.
 * unlinked: deleted files that are still open.
 */
export type Account =
  'fixed' | 'directories' | 'linked' | 'metadata' | 'hints' | 'drafts' | 'unlinked';

/** Bytes rounded up to whole blocks. */
export function wholeBlocks(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}

/** What a file of `lengthBytes` takes: its blocks, and one for the map of a fragmented file. */
export function fileCost(lengthBytes: number): number {
  return wholeBlocks(lengthBytes) + BLOCK_BYTES;
}

/** What a directory takes that has held `entries` names at once: directories do not shrink. */
export function directoryCost(entries: number): number {
  return BLOCK_BYTES + wholeBlocks(entries * DIRECTORY_ENTRY_BYTES);
}

export class Ledger {
  #capacityBytes = 0;
  readonly #accounts: Record<Account, number> = {
    fixed: 0,
    directories: 0,
    linked: 0,
    metadata: 0,
    hints: 0,
    drafts: 0,
    unlinked: 0,
  };
  #used = 0;
  /** Room that was granted but not yet taken: it is still being cleared. */
  #promised = 0;
  /** Bytes of files that are being deleted: still taken, gone soon. */
  #leaving = 0;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  /**
   * Bytes that all accounts together may take. It may become less than they do: nothing is granted
   * then.
   */
  get capacityBytes(): number {
    return this.#capacityBytes;
  }

  set capacityBytes(bytes: number) {
    if (!Number.isSafeInteger(bytes)) throw new TypeError(`no number of bytes: ${String(bytes)}`);
    this.#capacityBytes = bytes;
  }

  get usedBytes(): number {
    return this.#used;
  }

  balance(account: Account): number {
    return this.#accounts[account];
  }

  /** How many bytes must still be cleared before `bytes` more can be promised; 0 when they fit. */
  shortfall(bytes: number): number {
    const committed = this.usedBytes + this.#promised - this.#leaving;
    return Math.max(0, committed + bytes - this.capacityBytes);
  }

  promise(bytes: number): void {
    this.#promised += bytes;
  }

  /** Turns a promise into a reservation, or takes it back where the room did not come free. */
  redeem(bytes: number): Reservation | undefined {
    this.#promised -= bytes;
    if (this.usedBytes + bytes > this.capacityBytes) return undefined;
    this.charge('drafts', bytes);
    return new Reservation(this, bytes);
  }

  /** Announces that a file of this cost is being deleted; `settle` ends that. */
  announceLeaving(bytes: number): void {
    this.#leaving += bytes;
  }

  settleLeaving(bytes: number): void {
    this.#leaving -= bytes;
  }

  charge(account: Account, bytes: number): void {
    this.#accounts[account] += bytes;
    this.#used += bytes;
  }

  release(account: Account, bytes: number): void {
    this.#accounts[account] -= bytes;
    this.#used -= bytes;
  }

  move(from: Account, to: Account, bytes: number): void {
    this.release(from, bytes);
    this.charge(to, bytes);
  }
}

/** Room that one writer holds: spent piece by piece, the rest given back. */
export class Reservation {
  readonly #ledger: Ledger;
  #bytes: number;

  constructor(ledger: Ledger, bytes: number) {
    this.#ledger = ledger;
    this.#bytes = bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Books `bytes` of the reservation to `account`, where they stay until released. */
  spend(account: Account, bytes: number): void {
    this.#bytes -= bytes;
    this.#ledger.move('drafts', account, bytes);
  }

  /** Gives the unspent rest back. */
  release(): void {
    this.#ledger.release('drafts', this.#bytes);
    this.#bytes = 0;
  }
}

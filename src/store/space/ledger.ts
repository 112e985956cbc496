/**
 * Accounts for every byte that the cache directory takes on its device, by kind. All parts of the
 * store that create, grow or delete a file charge or release its bytes here; store/chunks/space
 * grants reservations accordingly. The sum of the accounts exceeds the capacity only by what was
 * there at start, or when the capacity is lowered.
 */

/** Files take whole blocks of this size on the file systems that Forebay meets. */
export const BLOCK_BYTES = 4096;

/**
 * Bytes that a name in a directory may take: 72 on ext4 for 64 digits, twice that when the leaves
 * of the directory's tree are half full.
 */
const DIRECTORY_ENTRY_BYTES = 144;

/**
 * linked: chunk files. metadata: manifests and response records. hints: the order and the pins.
 * drafts: reservations. unlinked: deleted files that are still open.
 */
export type Account =
  'fixed' | 'directories' | 'linked' | 'metadata' | 'hints' | 'drafts' | 'unlinked';

/** Rounds bytes up to whole blocks. */
export function wholeBlocks(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
}

/** Returns the bytes that a file takes: its blocks, and one for the map of a fragmented file. */
export function fileCost(lengthBytes: number): number {
  return wholeBlocks(lengthBytes) + BLOCK_BYTES;
}

/** Returns the bytes that a directory takes which has ever had `entries` names at once. */
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
  /** Promised bytes that are not reserved yet: evictions are still freeing them. */
  #promised = 0;
  /** Bytes of files that are being deleted: still in use on the device. */
  #leaving = 0;

  constructor(capacityBytes: number) {
    this.capacityBytes = capacityBytes;
  }

  /**
   * Bytes that all accounts together may take. When it is lowered below their sum, no reservation
   * is granted.
   */
  get capacityBytes(): number {
    return this.#capacityBytes;
  }

  set capacityBytes(bytes: number) {
    if (!Number.isSafeInteger(bytes))
      throw new TypeError(`not a number of bytes: ${String(bytes)}`);
    this.#capacityBytes = bytes;
  }

  get usedBytes(): number {
    return this.#used;
  }

  balance(account: Account): number {
    return this.#accounts[account];
  }

  /** Returns how many bytes must be freed before `bytes` more can be promised; 0 when they fit. */
  shortfall(bytes: number): number {
    const committed = this.usedBytes + this.#promised - this.#leaving;
    return Math.max(0, committed + bytes - this.capacityBytes);
  }

  promise(bytes: number): void {
    this.#promised += bytes;
  }

  /** Turns a promise into a reservation; returns `undefined` if the room did not come free. */
  redeem(bytes: number): Reservation | undefined {
    this.#promised -= bytes;
    if (this.usedBytes + bytes > this.capacityBytes) return undefined;
    this.charge('drafts', bytes);
    return new Reservation(this, bytes);
  }

  /** Counts a file of this cost as being deleted, until `settleLeaving`. */
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

/** Room that one writer holds. The writer spends it on what it writes, and releases the rest. */
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

  /** Moves `bytes` of the reservation to `account`, where they stay until released there. */
  spend(account: Account, bytes: number): void {
    this.#bytes -= bytes;
    this.#ledger.move('drafts', account, bytes);
  }

  /** Releases the bytes that were not spent. */
  release(): void {
    this.#ledger.release('drafts', this.#bytes);
    this.#bytes = 0;
  }
}

/**
 * The sending of one body, or its rest, by the pump: its queued pieces, progress and end. `Pump`
 * (compute/pump) creates transfers and reports progress to them; senders add pieces.
 */
import type { NativeEnd, NativePump } from './native-pump.js';
import type { SharedWatermark } from './watermark.js';

/** The owner of a piece's descriptor and watermark. */
export interface PieceOwner {
  /** Called exactly once, when the pump no longer uses them, whether the piece was sent or not. */
  release(): void;
}

/** How a transfer ended. `at` is the owner of the unfinished piece; `null` when none was queued. */
export type TransferEnd<Owner extends PieceOwner = PieceOwner> =
  | { readonly kind: 'complete' }
  | { readonly kind: 'client-closed' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'short-file'; readonly at: Owner | null }
  /** `errno` is positive, as in C. */
  | { readonly kind: 'read-failed'; readonly at: Owner | null; readonly errno: number }
  | { readonly kind: 'watermark-failed'; readonly at: Owner | null };

/** A snapshot of a transfer. */
export interface TransferProgress {
  /** Bytes that the client has acknowledged, according to the kernel. */
  readonly takenBytes: number;
  /** How often the transfer had nothing to send. */
  readonly pauses: number;
  /** Bytes that the kernel accepted. */
  readonly sentBytes: number;
  /** Ms since the kernel last accepted a byte, or since the beginning. */
  readonly idleMs: number;
  /** The party that the transfer waits for. */
  readonly waitsFor: 'feeder' | 'client' | 'source';
}

/** `waitsFor` by the numbers of `PumpState` in native/core/pump_transfer.h. */
const WAITS: readonly TransferProgress['waitsFor'][] = ['feeder', 'client', 'client', 'source'];

/** A running transfer. After its end its methods have no effect. */
export class Transfer<Owner extends PieceOwner = PieceOwner> {
  readonly #pump: NativePump;
  readonly #id: number;
  /** The owners of the unfinished pieces, oldest first. */
  readonly #pieces: Owner[] = [];
  #finishedPieces = 0;
  #bytesSent = 0;
  #end: TransferEnd<Owner> | null = null;
  #changed: (() => void)[] = [];

  constructor(pump: NativePump, id: number) {
    this.#pump = pump;
    this.#id = id;
  }

  /** Bytes that the kernel accepted, as last reported; exact after the end. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** The number of unfinished pieces. */
  get queued(): number {
    return this.#pieces.length;
  }

  /** The owner of the current piece; `null` when none is queued. */
  get at(): Owner | null {
    return this.#pieces[0] ?? null;
  }

  /** `null` while it runs. Once set, descriptors are closed and pieces released. */
  get end(): TransferEnd<Owner> | null {
    return this.#end;
  }

  /** Appends a copy of bytes. */
  addBytes(bytes: Uint8Array, owner: Owner): void {
    this.#add(owner, () => {
      this.#pump.addBytes(this.#id, bytes);
    });
  }

  /**
   * Appends a part of a file, which is sent as far as `watermark` allows. Throws a system error,
   * and then does not take over the piece.
   */
  addFile(
    piece: {
      readonly fd: number;
      readonly offset: number;
      readonly length: number;
      readonly watermark: SharedWatermark | null;
    },
    owner: Owner,
  ): void {
    const { fd, offset, length, watermark } = piece;
    const words = watermark === null ? null : new BigInt64Array(watermark.shared);
    this.#add(owner, () => {
      this.#pump.addFile(this.#id, fd, offset, length, words);
    });
  }

  /** Marks the transfer as complete: it ends when all pieces are sent. */
  finish(): void {
    if (this.#end === null) this.#pump.finish(this.#id);
  }

  /**
   * Ends the transfer soon. `cut`: shuts its connection down at once, although Node holds it too.
   */
  stop(cut: boolean): void {
    if (this.#end === null) this.#pump.stop(this.#id, cut);
  }

  /** Returns a snapshot; `null` after the end, even before the end was reported. */
  progress(): TransferProgress | null {
    if (this.#end !== null) return null;
    const [takenBytes, pauses, state, sentBytes = 0, idleMs = 0] = this.#pump.probe(this.#id);
    if (takenBytes === undefined || pauses === undefined || state === undefined) return null;
    return { takenBytes, pauses, sentBytes, idleMs, waitsFor: WAITS[state] ?? 'feeder' };
  }

  /** Resolves when fewer than `pieces` are queued, or the transfer has ended. */
  async room(pieces: number): Promise<void> {
    while (this.#end === null && this.#pieces.length >= pieces) await this.#change();
  }

  /** Resolves with the transfer's end. */
  async ended(): Promise<TransferEnd<Owner>> {
    while (this.#end === null) await this.#change();
    return this.#end;
  }

  /** Records progress. Called by `Pump`. */
  advanced(finishedPieces: number, bytesSent: number): void {
    this.#bytesSent = bytesSent;
    for (; this.#finishedPieces < finishedPieces; this.#finishedPieces += 1) {
      this.#pieces.shift()?.release();
    }
    this.#notify();
  }

  /** Records the end. Called by `Pump`. */
  over(end: Exclude<NativeEnd, 0>, errno: number): void {
    this.#end = this.#endOf(end, errno);
    for (const owner of this.#pieces.splice(0)) owner.release();
    this.#notify();
  }

  #endOf(end: Exclude<NativeEnd, 0>, errno: number): TransferEnd<Owner> {
    const { at } = this;
    switch (end) {
      case 1:
        return { kind: 'complete' };
      case 2:
        return { kind: 'client-closed' };
      case 3:
        return { kind: 'short-file', at };
      case 4:
        return { kind: 'read-failed', at, errno };
      case 5:
        return { kind: 'watermark-failed', at };
      case 6:
        return { kind: 'stopped' };
    }
  }

  #add(owner: Owner, add: () => void): void {
    if (this.#end !== null) {
      owner.release();
      return;
    }
    add();
    this.#pieces.push(owner);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed.push(resolve);
    });
  }

  #notify(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}

/**
 * One body, or the rest of one, on its way through the pump: its queue, its progress, its end.
 * `Pump` (compute/pump) makes transfers and passes the native notices on to them; senders feed
 * them.
 */
import type { NativeEnd, NativePump } from './native-pump.js';
import type { SharedWatermark } from './watermark.js';

/** What a piece was cut from; called exactly once when the pump is done with it, sent or not. */
export interface PieceOwner {
  /** Its descriptor and its watermark are not used any more. */
  release(): void;
}

/** How a transfer ended. `at` is its current piece; `null` if none was queued. */
export type TransferEnd<Owner extends PieceOwner = PieceOwner> =
  | { readonly kind: 'complete' }
  | { readonly kind: 'client-closed' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'short-file'; readonly at: Owner | null }
  /** `errno` is positive, as in C. */
  | { readonly kind: 'read-failed'; readonly at: Owner | null; readonly errno: number }
  | { readonly kind: 'watermark-failed'; readonly at: Owner | null };

/** What a transfer does at one moment. */
export interface TransferProgress {
  /** Bytes that the client has acknowledged, according to the kernel. */
  readonly takenBytes: number;
  /** How often it had nothing to send. */
  readonly pauses: number;
  /** Bytes that the kernel took. */
  readonly sentBytes: number;
  /** Ms since it last took one, or since the beginning. */
  readonly idleMs: number;
  /** Whose turn it is. */
  readonly waitsFor: 'feeder' | 'client' | 'source';
}

/** `waitsFor` by the numbers of `PumpState` in native/core/pump_transfer.h. */
const WAITS: readonly TransferProgress['waitsFor'][] = ['feeder', 'client', 'client', 'source'];

/** Not ended when it is made. After its end every call does nothing. */
export class Transfer<Owner extends PieceOwner = PieceOwner> {
  readonly #pump: NativePump;
  readonly #id: number;
  /** Pieces that the pump has, oldest first. */
  readonly #pieces: Owner[] = [];
  #finishedPieces = 0;
  #bytesSent = 0;
  #end: TransferEnd<Owner> | null = null;
  #changed: (() => void)[] = [];

  constructor(pump: NativePump, id: number) {
    this.#pump = pump;
    this.#id = id;
  }

  /** Bytes that the kernel took, as far as it is known; exact once it has ended. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** Pieces that are not sent yet. */
  get queued(): number {
    return this.#pieces.length;
  }

  /** The current piece; `null` if none is queued. */
  get at(): Owner | null {
    return this.#pieces[0] ?? null;
  }

  /** `null` while it goes on. Descriptors are closed and pieces released once it is set. */
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
   * Appends a part of a file, as far as `watermark` allows at each moment. Throws a system error,
   * without having taken anything over.
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

  /** Nothing more will be added: it ends when all is sent. */
  finish(): void {
    if (this.#end === null) this.#pump.finish(this.#id);
  }

  /** Ends it soon. `cut`: its connection at once, although node holds it too. */
  stop(cut: boolean): void {
    if (this.#end === null) this.#pump.stop(this.#id, cut);
  }

  /** `null` when it has ended, also before its end was reported. */
  progress(): TransferProgress | null {
    if (this.#end !== null) return null;
    const [takenBytes, pauses, state, sentBytes = 0, idleMs = 0] = this.#pump.probe(this.#id);
    if (takenBytes === undefined || pauses === undefined || state === undefined) return null;
    return { takenBytes, pauses, sentBytes, idleMs, waitsFor: WAITS[state] ?? 'feeder' };
  }

  /** Resolves when fewer than `pieces` are queued, or it has ended. */
  async room(pieces: number): Promise<void> {
    while (this.#end === null && this.#pieces.length >= pieces) await this.#change();
  }

  /** Resolves to how it ended. */
  async ended(): Promise<TransferEnd<Owner>> {
    while (this.#end === null) await this.#change();
    return this.#end;
  }

  /** For `Pump`: the pump has come this far. */
  advanced(finishedPieces: number, bytesSent: number): void {
    this.#bytesSent = bytesSent;
    for (; this.#finishedPieces < finishedPieces; this.#finishedPieces += 1) {
      this.#pieces.shift()?.release();
    }
    this.#notify();
  }

  /** For `Pump`: it will come no further. */
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

/**
 * Parses JSON (RFC 8259) from bytes, piece by piece, and reports the position and key of each
 * member of an object. It keeps a bounded part of the text, whatever its length. Used by
 * hub/strip-xet.
 */

/** The deepest nesting: the clients' own parsers reject more (Python's at 1000). */
const MAX_DEPTH = 1000;

/** The longest key that is reported, in bytes before unescaping. */
const MAX_KEY_BYTES = 64;

/** The longest number whose form is checked and whose value is read. */
const MAX_NUMBER_BYTES = 512;

const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const WORDS: ReadonlySet<string> = new Set(['true', 'false', 'null']);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

/** A member of an object: its bytes are `start <= i < end`, without commas. */
export interface Member {
  /** The unescaped key; `undefined` when it exceeds `MAX_KEY_BYTES`. */
  readonly key: string | undefined;
  readonly start: number;
  readonly end: number;
  /** True when a comma is at `end`. */
  readonly isFollowed: boolean;
  /** The value if it is a number. */
  readonly number: number | undefined;
}

/** Receives the reader's reports. An inner object is closed before the member that contains it. */
export interface JsonListener {
  opened(): void;
  member(member: Member): void;
  closed(): void;
}

/** The grammatical position of the next byte. */
type Place =
  | 'value'
  | 'first-value'
  | 'first-key'
  | 'key'
  | 'colon'
  | 'after'
  | 'string'
  | 'escape'
  | 'unicode'
  | 'number'
  | 'word'
  | 'end';

/** An object or array that is open. */
interface Frame {
  readonly isObject: boolean;
  memberStart: number;
  key: string | undefined;
}

/** Parses one text. `feed` and `end` throw a `SyntaxError` when it is not JSON. */
export class JsonReader {
  readonly #listener: JsonListener;
  #place: Place = 'value';
  #isKey = false;
  /** Bytes of the text before the current piece. */
  #before = 0;
  readonly #frames: Frame[] = [];
  /** The key, number or word being read, before unescaping. */
  #token = '';
  #isTokenCut = false;
  #hexLeft = 0;
  /** The last value if it was a number. */
  #number: number | undefined;

  constructor(listener: JsonListener) {
    this.#listener = listener;
  }

  /** Parses the next bytes of the text. */
  feed(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) at = this.#step(bytes, at);
    this.#before += bytes.length;
  }

  /** Ends the text. */
  end(): void {
    if (this.#place === 'number' || this.#place === 'word') this.#endToken();
    if (this.#place !== 'end') throw malformed();
  }

  /** Parses from `at`; returns the offset of the next unread byte. */
  #step(bytes: Uint8Array, at: number): number {
    switch (this.#place) {
      case 'string':
        return this.#string(bytes, at);
      case 'number':
      case 'word':
        return this.#bare(bytes, at);
      case 'escape':
        this.#escape(bytes[at] ?? 0);
        return at + 1;
      case 'unicode':
        this.#hex(bytes[at] ?? 0);
        return at + 1;
      default: {
        const byte = bytes[at] ?? 0;
        if (!isSpace(byte)) this.#structure(byte, this.#before + at);
        return at + 1;
      }
    }
  }

  /** Reads a string up to its end or the next escape. */
  #string(bytes: Uint8Array, from: number): number {
    let at = from;
    let byte = 0;
    while (at < bytes.length) {
      byte = bytes[at] ?? 0;
      if (byte === QUOTE || byte === BACKSLASH || byte < 0x20) break;
      at += 1;
    }
    if (this.#isKey) this.#keep(bytes, from, at, MAX_KEY_BYTES);
    if (at === bytes.length) return at;
    if (byte < 0x20) throw malformed();
    if (byte === BACKSLASH) {
      this.#place = 'escape';
      if (this.#isKey) this.#keep(bytes, at, at + 1, MAX_KEY_BYTES);
    } else if (this.#isKey) this.#endKey();
    else this.#endValue(undefined);
    return at + 1;
  }

  #escape(byte: number): void {
    const character = String.fromCharCode(byte);
    if (!'"\\/bfnrtu'.includes(character)) throw malformed();
    if (this.#isKey) this.#token += character;
    this.#place = character === 'u' ? 'unicode' : 'string';
    this.#hexLeft = 4;
  }

  #hex(byte: number): void {
    const isHex =
      (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
    if (!isHex) throw malformed();
    if (this.#isKey) this.#token += String.fromCharCode(byte);
    this.#hexLeft -= 1;
    if (this.#hexLeft === 0) this.#place = 'string';
  }

  /** Reads a number or a word. The byte that ends it is left for the next step. */
  #bare(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && isBare(bytes[at] ?? 0)) at += 1;
    this.#keep(bytes, from, at, MAX_NUMBER_BYTES);
    if (at < bytes.length) this.#endToken();
    return at;
  }

  #keep(bytes: Uint8Array, from: number, to: number, max: number): void {
    const room = Math.max(0, max - this.#token.length);
    const end = Math.min(to, from + room);
    for (let at = from; at < end; at += 1) this.#token += String.fromCharCode(bytes[at] ?? 0);
    if (end < to) this.#isTokenCut = true;
  }

  #begin(place: Place, isKey = false): void {
    this.#place = place;
    this.#isKey = isKey;
    this.#token = '';
    this.#isTokenCut = false;
  }

  #structure(byte: number, at: number): void {
    const frame = this.#frames.at(-1);
    switch (this.#place) {
      case 'first-key':
      case 'key':
        if (byte === QUOTE) this.#begin('string', true);
        else if (byte === 0x7d && this.#place === 'first-key') this.#close(frame, at);
        else throw malformed();
        return;
      case 'colon':
        if (byte !== COLON) throw malformed();
        this.#place = 'value';
        return;
      case 'after':
        if (byte === COMMA) this.#next(frame, at);
        else if (byte === (frame?.isObject === true ? 0x7d : 0x5d)) this.#close(frame, at);
        else throw malformed();
        return;
      case 'first-value':
        if (byte === 0x5d) this.#close(frame, at);
        else this.#value(byte, at);
        return;
      case 'value':
        this.#value(byte, at);
        return;
      default:
        throw malformed();
    }
  }

  #value(byte: number, at: number): void {
    if (byte === QUOTE) this.#begin('string');
    else if (byte === 0x7b) this.#open(true, at);
    else if (byte === 0x5b) this.#open(false, at);
    else if (isBare(byte)) {
      this.#begin(byte === 0x2d || (byte >= 0x30 && byte <= 0x39) ? 'number' : 'word');
      this.#token = String.fromCharCode(byte);
    } else throw malformed();
  }

  #open(isObject: boolean, at: number): void {
    if (this.#frames.length === MAX_DEPTH) throw malformed();
    this.#frames.push({ isObject, memberStart: at + 1, key: undefined });
    if (isObject) this.#listener.opened();
    this.#place = isObject ? 'first-key' : 'first-value';
  }

  /** Handles a comma before the next member or element. */
  #next(frame: Frame | undefined, at: number): void {
    if (frame?.isObject !== true) {
      this.#place = 'value';
      return;
    }
    this.#endMember(frame, at, true);
    frame.memberStart = at + 1;
    this.#place = 'key';
  }

  #close(frame: Frame | undefined, at: number): void {
    if (frame?.isObject === true) {
      if (this.#place === 'after') this.#endMember(frame, at, false);
      this.#listener.closed();
    }
    this.#frames.pop();
    this.#endValue(undefined);
  }

  #endKey(): void {
    const frame = this.#frames.at(-1);
    if (frame === undefined) throw malformed();
    frame.key = this.#isTokenCut ? undefined : keyOf(this.#token);
    this.#place = 'colon';
  }

  #endToken(): void {
    if (this.#place === 'word') {
      if (!WORDS.has(this.#token)) throw malformed();
      this.#endValue(undefined);
      return;
    }
    if (!this.#isTokenCut && !NUMBER.test(this.#token)) throw malformed();
    this.#endValue(Number(this.#token));
  }

  #endValue(number: number | undefined): void {
    this.#number = number;
    this.#place = this.#frames.length === 0 ? 'end' : 'after';
  }

  #endMember({ key, memberStart: start }: Frame, end: number, isFollowed: boolean): void {
    this.#listener.member({ key, start, end, isFollowed, number: this.#number });
  }
}

/** Unescapes a key. */
function keyOf(raw: string): string {
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** True for a byte that occurs in numbers or words. */
function isBare(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x45
  );
}

function malformed(): SyntaxError {
  return new SyntaxError('not JSON');
}

/**
 * Sends changes to clients as server-sent events, at most every half second. A feed is polled once
 * for all its listeners, and not at all without listeners. Used by the routes of pulls and
 * transfers.
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../model/time.js';
import { withoutQueries } from './hidden.js';

/** Listeners of all feeds together; each occupies a connection of the admin listener. */
export const MAX_LISTENERS = 16;

const INTERVAL_MS = 500;

/** How often a quiet feed sends a comment, so that proxies and clients keep the connection. */
const HEARTBEAT_MS = 15_000;

/** A listener with more unread data than this is disconnected. */
export const MAX_UNREAD_BYTES = 1024 * 1024;

/** The header fields of a stream of events. */
export const STREAM_FIELDS: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
};

/** A snapshot of a feed. */
export interface FeedLook {
  readonly data: unknown;
  /** A snapshot is sent only when its signature differs from that of the last one. */
  readonly signature: string;
  /** True for the final snapshot: after it the listeners' responses end. */
  readonly last: boolean;
}

interface Feed {
  readonly key: string;
  readonly event: string;
  readonly look: () => FeedLook;
  readonly listeners: Set<ServerResponse>;
  /** The signature of the last snapshot sent, and when anything was last sent. */
  sent: string;
  sentAtMs: number;
}

export class Feeds {
  readonly #clock: Clock;
  readonly #feeds = new Map<string, Feed>();
  #listeners = 0;
  #stop: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Sends the feed `name` to `response` from now on; returns false at `MAX_LISTENERS`. Unless
   * `isTrusted`, the queries of URLs are hidden (admin/hidden).
   */
  join(
    name: string,
    event: string,
    lookAtAll: () => FeedLook,
    response: ServerResponse,
    isTrusted = false,
  ): boolean {
    if (this.#listeners >= MAX_LISTENERS) return false;
    const key = isTrusted ? `${name} with queries` : name;
    const look = isTrusted ? lookAtAll : (): FeedLook => hiddenLook(lookAtAll());
    let feed = this.#feeds.get(key);
    if (feed === undefined) {
      const sentAtMs = this.#clock.monotonic();
      feed = { key, event, look, listeners: new Set(), sent: '', sentAtMs };
      this.#feeds.set(key, feed);
    }
    this.#listeners += 1;
    feed.listeners.add(response);
    const joined = feed;
    response.once('close', () => {
      this.#leave(joined, response);
    });
    response.on('error', () => undefined);
    response.writeHead(200, STREAM_FIELDS);
    const { data, signature, last } = feed.look();
    // With other listeners, `sent` stays theirs, so that this one may get the same data twice.
    if (feed.listeners.size === 1) feed.sent = signature;
    response.write(eventOf(event, data));
    if (last) this.#end(feed, response);
    else this.#schedule();
    return true;
  }

  /** Ends every response. */
  close(): void {
    this.#stop?.();
    this.#stop = null;
    for (const { listeners } of [...this.#feeds.values()]) {
      for (const listener of [...listeners]) listener.destroy();
    }
  }

  #end(feed: Feed, response: ServerResponse): void {
    response.end();
    this.#leave(feed, response);
  }

  #leave(feed: Feed, response: ServerResponse): void {
    if (!feed.listeners.delete(response)) return;
    this.#listeners -= 1;
    if (feed.listeners.size === 0) this.#feeds.delete(feed.key);
    if (this.#listeners > 0) return;
    this.#stop?.();
    this.#stop = null;
  }

  #schedule(): void {
    this.#stop ??= this.#clock.after(INTERVAL_MS, () => {
      this.#stop = null;
      for (const feed of [...this.#feeds.values()]) this.#notify(feed);
      if (this.#listeners > 0) this.#schedule();
    });
  }

  #notify(feed: Feed): void {
    const { data, signature, last } = feed.look();
    const nowMs = this.#clock.monotonic();
    const isNews = signature !== feed.sent || last;
    if (!isNews && nowMs - feed.sentAtMs < HEARTBEAT_MS) return;
    feed.sent = signature;
    feed.sentAtMs = nowMs;
    const text = isNews ? eventOf(feed.event, data) : ': nothing new\n\n';
    for (const listener of [...feed.listeners]) {
      listener.write(text);
      if (listener.writableLength > MAX_UNREAD_BYTES) listener.destroy();
      else if (last) this.#end(feed, listener);
    }
  }
}

function hiddenLook(look: FeedLook): FeedLook {
  return { ...look, data: withoutQueries(look.data) };
}

/** Formats an event. JSON has no raw newline, so that one `data` line holds it. */
function eventOf(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Writes several ranges as one multipart/byteranges content (RFC 9110 section 14.6). Pure. */
import type { ByteRange } from '../../model/byte-range.js';
import type { Content, ContentPiece } from './content.js';

export interface Multipart {
  /** The Content-Type of the response. */
  readonly contentType: string;
  readonly content: Content;
}

/**
 * `parts` in the order in which they are sent. `contentType` is the representation's own; each part
 * repeats it. `boundary` must not occur in the representation: it is random (RFC 2046 section
 * 5.1.1).
 */
export function multipart(
  parts: readonly ByteRange[],
  of: { readonly lengthBytes: number; readonly contentType: string | undefined },
  boundary: string,
): Multipart {
  const content = parts.flatMap(({ start, end }, index): readonly ContentPiece[] => {
    const lines = [
      // The first delimiter needs no line break before it: the head has just ended.
      ...(index === 0 ? [] : ['']),
      `--${boundary}`,
      ...(of.contentType === undefined ? [] : [`Content-Type: ${of.contentType}`]),
      `Content-Range: ${contentRange({ start, end }, of.lengthBytes)}`,
      '',
      '',
    ];
    return [
      { kind: 'bytes', bytes: Buffer.from(lines.join('\r\n'), 'latin1') },
      { kind: 'range', start, end },
    ];
  });
  const closing: ContentPiece = {
    kind: 'bytes',
    bytes: Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1'),
  };
  return {
    contentType: `multipart/byteranges; boundary=${boundary}`,
    content: [...content, closing],
  };
}

/** The value of Content-Range (RFC 9110 section 14.4), whose positions are inclusive. */
export function contentRange({ start, end }: ByteRange, lengthBytes: number): string {
  return `bytes ${String(start)}-${String(end - 1)}/${String(lengthBytes)}`;
}

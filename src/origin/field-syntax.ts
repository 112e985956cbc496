/** The syntax of field lines (RFC 9110 section 5), applied to what we send and to what we read. */

const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Tab, space, visible ASCII and obs-text: no CR, LF, NUL or other control character. */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** True for a token (RFC 9110 section 5.1). */
export function isFieldName(text: string): boolean {
  return FIELD_NAME.test(text);
}

/** True for text that may stand in a field value (RFC 9110 section 5.5). */
export function isFieldValue(text: string): boolean {
  return FIELD_VALUE.test(text);
}

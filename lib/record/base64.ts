// Bytes as base64 text, for JSON; null stays null.

export function toBase64(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('base64')
}

export function fromBase64(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text, 'base64')
}

/**
 * Whether a text is padded base64 of the standard alphabet. Node's decoder skips other characters silently. This
 * searches for the first other character, because a pattern that matches the whole text overflows the stack at some
 * megabytes.
 */
export function isBase64(text: string): boolean {
  if (text.length % 4 !== 0) return false
  const end = text.search(/[^A-Za-z0-9+/]/)
  return end === -1 || (end >= text.length - 2 && /^={1,2}$/.test(text.slice(end)))
}

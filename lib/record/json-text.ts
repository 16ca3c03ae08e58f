import { parseJson } from './json-object.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** A JSON document as its source wrote it: the text becomes the record's value unchanged, and is parsed once. */
export class JsonText {
  readonly text: string
  readonly #parsed: unknown

  /** @param parsed the document, where the source has parsed it already */
  constructor(text: string, parsed?: unknown) {
    this.text = text
    this.#parsed = parsed
  }

  /** @returns undefined for text that is not JSON; a byte order mark is skipped, as where bytes are decoded */
  parse(): unknown {
    return this.#parsed ?? parseJson(withoutByteOrderMark(this.text))
  }
}

/** @returns undefined for other bytes; a byte order mark is skipped */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

import type { JsonFault } from './json-outline.ts'

/** A JSON value as its source wrote it. The text is what is sent; the parsed value serves checks and keys. */
export class JsonText {
  readonly text: string
  /** The parsed text, as JSON.parse returns it; undefined while nobody has parsed it. */
  readonly parsed: unknown
  /** The first fault of the text, once it was parsed. The reader decides which faults matter. */
  readonly fault: JsonFault | undefined

  constructor(text: string, parsed?: unknown, fault?: JsonFault) {
    this.text = text
    this.parsed = parsed
    this.fault = fault
  }
}

/** A number as it is written in a JSON text, which a double may not represent exactly. */
export class NumberText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** Whether it is written without a decimal point and an exponent. */
  get isInteger(): boolean {
    return /^-?\d+$/.test(this.text)
  }
}

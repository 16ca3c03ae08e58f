import type { JsonFault } from './json-outline.ts'

/** A JSON value as its source wrote it. The text is what is sent; what it says is for checks and keys. */
export class JsonText {
  readonly text: string
  /** What the text says, as JSON.parse has it; undefined while nobody has read it. */
  readonly parsed: unknown
  /** The first fault of the text, once it was read. Which faults count is up to the reader. */
  readonly fault: JsonFault | undefined

  constructor(text: string, parsed?: unknown, fault?: JsonFault) {
    this.text = text
    this.parsed = parsed
    this.fault = fault
  }
}

/** A number as it is written in a JSON text; a double may not hold it exactly. */
export class NumberText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** Whether it is written without a point and an exponent. */
  get isInteger(): boolean {
    return /^-?\d+$/.test(this.text)
  }
}

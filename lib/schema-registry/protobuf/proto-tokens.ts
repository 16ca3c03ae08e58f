// Splits a .proto file into tokens. https://protobuf.dev/reference/protobuf/proto3-spec/#lexical_elements
import { CONTROL_ESCAPES } from '../../record/control-escapes.ts'
import { unusableSchema } from '../unusable-schema.ts'

export interface Token {
  readonly kind: 'name' | 'integer' | 'float' | 'string' | 'symbol' | 'end'
  /** The text; for a string, its content. */
  readonly text: string
  readonly line: number
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y
const NUMBER = /0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y
const INTEGER = /^(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)$/
const SPACE = /[ \t\r\v\f]+/y
const LINE_COMMENT = /\/\/[^\n]*/y
/**
 * The longest name including its scopes, in characters. Without a limit, nested names would grow with the square of the
 * file.
 */
export const MAX_NAME = 512
const BYTE_ORDER_MARK = '\uFEFF'

/** Reads token by token in linear time. */
export class ProtoTokens {
  readonly #text: string
  #at = 0
  #line = 1
  #next: Token

  constructor(text: string) {
    this.#text = text
    if (text.startsWith(BYTE_ORDER_MARK)) this.#at++
    this.#next = this.#read()
  }

  get peeked(): Token {
    return this.#next
  }

  next(): Token {
    const token = this.#next
    if (token.kind !== 'end') this.#next = this.#read()
    return token
  }

  /** Whether the next token is this name or symbol. */
  sees(text: string): boolean {
    const { kind, text: seen } = this.#next
    return seen === text && (kind === 'symbol' || kind === 'name')
  }

  /** Consumes the next token if it is this name or symbol. */
  takes(text: string): boolean {
    if (!this.sees(text)) return false
    this.next()
    return true
  }

  expect(text: string): void {
    if (!this.takes(text)) throw this.fault(`"${text}"`)
  }

  name(): string {
    return this.#ofKind('name', 'a name')
  }

  /** Reads a string; adjacent strings are joined. */
  string(): string {
    let text = this.#ofKind('string', 'a string')
    while (this.#next.kind === 'string') text += this.next().text
    return text
  }

  /** @param max at most 2^53 */
  integer(min: number, max: number): number {
    const sign = this.takes('-') ? -1 : 1
    const { line } = this.#next
    const digits = this.#ofKind('integer', 'an integer')
    const value = sign * (/^0[0-7]/.test(digits) ? Number.parseInt(digits, 8) : Number(digits))
    if (value < min || value > max) throw faultAt(line, `an integer from ${min} to ${max}`)
    return value
  }

  /** Reads a name with dots; `mayLead` allows a leading dot. */
  dottedName({ mayLead = false } = {}): string {
    let name = mayLead && this.takes('.') ? '.' : ''
    do {
      name += (name === '' || name === '.' ? '' : '.') + this.name()
      if (name.length > MAX_NAME) throw this.fault(SHORTER)
    } while (this.takes('.'))
    return name
  }

  fault(expected: string): ReturnType<typeof unusableSchema> {
    return faultAt(this.#next.line, expected)
  }

  #ofKind(kind: Token['kind'], expected: string): string {
    if (this.#next.kind !== kind) throw this.fault(expected)
    return this.next().text
  }

  #read(): Token {
    this.#skipSpace()
    const line = this.#line
    const first = this.#text[this.#at]
    if (first === undefined) return { kind: 'end', text: '', line }
    const name = this.#match(NAME)
    if (name !== undefined && name.length > MAX_NAME) throw faultAt(line, SHORTER)
    if (name !== undefined) return { kind: 'name', text: name, line }
    const number = this.#match(NUMBER)
    if (number !== undefined) return this.#number(number, line)
    if (first === '"' || first === "'") return { kind: 'string', text: this.#string(first), line }
    this.#at++
    return { kind: 'symbol', text: first, line }
  }

  #number(text: string, line: number): Token {
    const isInteger = INTEGER.test(text)
    if (!isInteger && /^(?:0[xX]|\d+$)/.test(text)) throw faultAt(line, 'a number')
    if (this.#match(NAME) !== undefined) throw faultAt(line, 'a space after the number')
    return { kind: isInteger ? 'integer' : 'float', text, line }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const text = pattern.exec(this.#text)?.[0]
    if (text !== undefined) this.#at += text.length
    return text
  }

  #skipSpace(): void {
    for (;;) {
      if (this.#text[this.#at] === '\n') {
        this.#line++
        this.#at++
      } else if (this.#text.startsWith('/*', this.#at)) this.#skipBlockComment()
      else if (this.#match(SPACE) === undefined && this.#match(LINE_COMMENT) === undefined) return
    }
  }

  #skipBlockComment(): void {
    const end = this.#text.indexOf('*/', this.#at + 2)
    if (end === -1) throw faultAt(this.#line, 'the end of the comment')
    for (; this.#at < end; this.#at++) if (this.#text[this.#at] === '\n') this.#line++
    this.#at = end + 2
  }

  #string(quote: string): string {
    const bytes: Buffer[] = []
    for (let from = ++this.#at; ; ) {
      const char = this.#text[this.#at]
      if (char === undefined || char === '\n') throw faultAt(this.#line, 'the end of the string')
      if (char !== quote && char !== '\\') {
        this.#at++
        continue
      }
      bytes.push(Buffer.from(this.#text.slice(from, this.#at)))
      this.#at++
      if (char === quote) return Buffer.concat(bytes).toString()
      bytes.push(this.#escape())
      from = this.#at
    }
  }

  #escape(): Buffer {
    const [, octal, hex, unicode, simple] = ESCAPE.exec(this.#text.slice(this.#at, this.#at + 9)) ?? []
    const digits = octal ?? hex ?? unicode ?? simple
    if (digits === undefined) throw faultAt(this.#line, 'an escape sequence')
    this.#at += digits.length
    if (octal !== undefined) return Buffer.of(Number.parseInt(octal, 8))
    const code = Number.parseInt(digits.slice(1), 16)
    if (hex !== undefined) return Buffer.of(code)
    if (unicode === undefined) return Buffer.from(CONTROL_ESCAPES[digits] ?? digits)
    if (code > 0x10ffff) throw faultAt(this.#line, 'a code point')
    return Buffer.from(String.fromCodePoint(code))
  }
}

const ESCAPE = /^(?:([0-7]{1,3})|([xX][0-9a-fA-F]{1,2})|(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|([abfnrtv\\'"?]))/

const SHORTER = `a name of at most ${MAX_NAME} characters`

function faultAt(line: number, expected: string): ReturnType<typeof unusableSchema> {
  return unusableSchema(`expected ${expected} on line ${line}.`)
}

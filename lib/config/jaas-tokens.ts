// Splits a JAAS text into tokens exactly as Kafka's JaasConfig does with java.io.StreamTokenizer: words, quoted texts,
// `=` and `;`, separated by white space and comments.
import { CONTROL_ESCAPES } from '../record/control-escapes.ts'

export interface JaasToken {
  readonly kind: 'text' | '=' | ';'
  readonly text: string
}

/** White space, `/* … *\/`, and a slash: the rest of its line is a comment. */
const GAP = /(?:[\0- ]|\/\*[\s\S]*?\*\/|\/[^*\r\n][^\r\n]*|\/(?=[\r\n]|$))*/y
/**
 * A word may not be followed by a slash: StreamTokenizer would start a comment in the middle of an unquoted password.
 */
const TOKEN = /([=;])|"((?:[^"\\\r\n]|\\[\s\S])*)"|'((?:[^'\\\r\n]|\\[\s\S])*)'|([^\0- "'/;=]+)(?!\/)/y
const ESCAPE = /\\(?:([0-3][0-7]{0,2}|[4-7][0-7]?)|([\s\S]))/g

/** @returns undefined for a text that has anything else, e.g. an unterminated quote */
export function jaasTokens(text: string): readonly JaasToken[] | undefined {
  const tokens: JaasToken[] = []
  for (let at = afterGap(text, 0); at < text.length; at = afterGap(text, TOKEN.lastIndex)) {
    TOKEN.lastIndex = at
    const [, sign, double, single, word] = TOKEN.exec(text) ?? []
    if (sign === '=' || sign === ';') tokens.push({ kind: sign, text: sign })
    else {
      const value = word ?? unescaped(double ?? single)
      if (value === undefined) return undefined
      tokens.push({ kind: 'text', text: value })
    }
  }
  return tokens
}

function afterGap(text: string, at: number): number {
  GAP.lastIndex = at
  GAP.exec(text)
  return GAP.lastIndex
}

function unescaped(quoted: string | undefined): string | undefined {
  return quoted?.replaceAll(ESCAPE, (_, octal: string | undefined, other: string) =>
    octal === undefined ? (CONTROL_ESCAPES[other] ?? other) : String.fromCharCode(Number.parseInt(octal, 8)),
  )
}

// What stands at the top of a .proto file, where the rest of it does not matter.
import { isInstance, SerializationError } from '../../errors.ts'
import { ProtoTokens } from './proto-tokens.ts'

export interface ProtoOutline {
  readonly packageName: string | undefined
  /** The name of the first message, without the package. */
  readonly message: string | undefined
  /** The paths of imports, without those that only declare options. */
  readonly imports: readonly string[]
}

/**
 * Takes time in proportion to the text. Of a text with a fault, it returns what stands before it: the format names the
 * fault when it compiles the schema.
 */
export function protoOutline(text: string): ProtoOutline {
  const reader = new OutlineReader()
  try {
    reader.read(new ProtoTokens(text))
  } catch (error) {
    if (!isInstance(error, SerializationError)) throw error
  }
  return reader
}

class OutlineReader implements ProtoOutline {
  packageName: string | undefined
  message: string | undefined
  readonly imports: string[] = []

  read(tokens: ProtoTokens): void {
    for (let depth = 0; tokens.peeked.kind !== 'end'; ) {
      if (depth === 0) this.#readStart(tokens)
      const { kind, text } = tokens.next()
      if (kind === 'symbol' && text === '{') depth++
      if (kind === 'symbol' && text === '}') depth--
    }
  }

  #readStart(tokens: ProtoTokens): void {
    if (tokens.takes('package')) {
      if (tokens.peeked.kind === 'name') this.packageName = tokens.dottedName()
    } else if (tokens.takes('message')) {
      if (tokens.peeked.kind === 'name') this.message ??= tokens.name()
    } else if (tokens.takes('import')) {
      if (!tokens.takes('public')) tokens.takes('weak')
      if (tokens.peeked.kind === 'string') this.imports.push(tokens.string())
    }
  }
}

// Reads only the package, imports and first message of a .proto file.
import { isInstance, SerializationError } from '../../errors.ts'
import { ProtoTokens } from './proto-tokens.ts'

export interface ProtoOutline {
  readonly packageName: string | undefined
  /** The name of the first message, without the package. */
  readonly message: string | undefined
  /** The paths of imports, without imports that only declare options. */
  readonly imports: readonly string[]
}

/**
 * Runs in linear time. For an invalid text, returns what comes before the error: the format reports the error when it
 * compiles the schema.
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

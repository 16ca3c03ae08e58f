// Loads every schema that a schema imports, directly or indirectly.
import { SerializationError } from '../../errors.ts'
import type { SchemaReference } from '../schema-registry.ts'
import type { StoredSchema } from './registry-answers.ts'

const MAX_IMPORTS = 1000
const MAX_DEPTH = 100
/** The most characters of all imports of a schema. */
const MAX_LENGTH = 16 * 1024 * 1024
/** The context of a subject, e.g. `:.staging:` in `:.staging:orders-value`. */
const CONTEXT = /^:\.[^:]*:/

type Fetch = (subject: string, version: number, signal: AbortSignal) => Promise<StoredSchema>

/**
 * @param subject the subject of the schema: a reference without a context is in the same context
 * @returns the texts by name, each after its own imports; of several with the same name the first, like Java
 * @throws SerializationError `schema-unusable` for a cycle, or if a limit is exceeded
 */
export async function resolveReferences(
  subject: string,
  references: readonly SchemaReference[],
  fetch: Fetch,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const top = qualified(subject, references)
  const fetched = await fetchAll(subject, top, fetch, signal)
  const imports = new Map<string, string>()
  const path = new Set<string>()
  const add = (list: readonly SchemaReference[]) => {
    for (const reference of list) {
      const { name } = reference
      if (path.has(name)) throw unusable(subject, 'without a cycle')
      if (imports.has(name)) continue
      const stored = fetched.get(keyOf(reference)) as Fetched
      path.add(name)
      add(stored.references)
      path.delete(name)
      imports.set(name, stored.text)
    }
  }
  add(top)
  return imports
}

type Fetched = Pick<StoredSchema, 'text' | 'references'>

/** Loads level by level, all references of a level in parallel. */
async function fetchAll(
  subject: string,
  top: readonly SchemaReference[],
  fetch: Fetch,
  signal: AbortSignal,
): Promise<Map<string, Fetched>> {
  const fetched = new Map<string, Fetched>()
  let length = 0
  let level = top
  for (let depth = 0; level.length > 0; depth++) {
    const missing = new Map(level.map(reference => [keyOf(reference), reference]))
    for (const key of fetched.keys()) missing.delete(key)
    if (depth === MAX_DEPTH) throw unusable(subject, `nested at most ${MAX_DEPTH} deep`)
    if (fetched.size + missing.size > MAX_IMPORTS) throw unusable(subject, `of at most ${MAX_IMPORTS} schemas`)
    const next = [...missing].map(async ([key, reference]) => {
      const { text, references } = await fetch(reference.subject, reference.version, signal)
      length += text.length
      if (length > MAX_LENGTH) throw unusable(subject, `of at most ${MAX_LENGTH} characters in all`)
      const further = qualified(reference.subject, references)
      fetched.set(key, { text, references: further })
      return further
    })
    level = (await Promise.all(next)).flat()
  }
  return fetched
}

function qualified(subject: string, references: readonly SchemaReference[]): readonly SchemaReference[] {
  const [context] = CONTEXT.exec(subject) ?? []
  if (context === undefined) return references
  return references.map(reference =>
    reference.subject.startsWith(':') ? reference : { ...reference, subject: `${context}${reference.subject}` },
  )
}

function keyOf({ subject, version }: SchemaReference): string {
  return `${version} ${subject}`
}

function unusable(subject: string, expected: string): SerializationError {
  return new SerializationError(
    'delivery-failure',
    `The references of the schema of subject ${subject}: expected them ${expected}, got others.`,
    { code: 'schema-unusable', retriable: false },
  )
}

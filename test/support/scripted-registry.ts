// A registry client that returns the schemas and errors which a test sets.
import { SerializationError } from '../../lib/errors.ts'
import type { RegisteredSchema, SchemaRegistry, SchemaSelection } from '../../lib/schema-registry/schema-registry.ts'

type Answer = RegisteredSchema | SerializationError | 'silent'

export class ScriptedRegistry implements SchemaRegistry {
  readonly selections: SchemaSelection[] = []
  readonly signals: AbortSignal[] = []
  /** By subject. */
  readonly #answers: Map<string, Answer>

  constructor(answers: Readonly<Record<string, Answer>> = {}) {
    this.#answers = new Map(Object.entries(answers))
  }

  set(subject: string, answer: Answer): void {
    this.#answers.set(subject, answer)
  }

  async find(selection: SchemaSelection, signal: AbortSignal): Promise<RegisteredSchema> {
    this.selections.push(selection)
    this.signals.push(signal)
    const answer = this.#answers.get(selection.subject) ?? registryFailure('schema-not-found', false)
    if (answer === 'silent') return new Promise((_, reject) => signal.addEventListener('abort', () => reject(failed())))
    if (answer instanceof SerializationError) throw answer
    return answer
  }
}

function failed(): SerializationError {
  return registryFailure('schema-registry', true)
}

export function registryFailure(
  code: 'schema-registry' | 'schema-registry-access' | 'schema-not-found' | 'schema-incompatible' | 'schema-rules',
  retriable: boolean,
): SerializationError {
  return new SerializationError('delivery-failure', 'schema registry: it failed', { code, retriable })
}

/** A schema of Confluent's registry without imports. */
export function registeredSchema(
  type: RegisteredSchema['type'],
  schema: unknown,
  fields: Partial<RegisteredSchema> = {},
): RegisteredSchema {
  return {
    id: { registry: 'confluent', id: 7, guid: undefined },
    version: 1,
    type,
    text: typeof schema === 'string' ? schema : JSON.stringify(schema),
    references: [],
    imports: new Map(),
    ...fields,
  }
}

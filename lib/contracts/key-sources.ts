// The sources from which a contract may take a record's key: `key.from`, and `key` of its feeds.
import { JsonText } from '../record/json-text.ts'
import { atTextPointer } from './at-text-pointer.ts'
import { atPointer } from './pointer.ts'

/** The group of a message. Standard queues have groups too (fair queues). */
export const SQS_MESSAGE_GROUP = 'sqs:MessageGroupId'
/** A message of a FIFO queue is keyed by its group, so that Kafka keeps its order. The feed may name another source. */
export const FIFO_KEY_SOURCES: readonly string[] = [SQS_MESSAGE_GROUP]
/** The object key of an S3 notification. */
export const VALUE_OF_S3_KEY = 'value:/s3/object/key'
/** Prefix; the name of a message attribute follows. */
export const SQS_ATTRIBUTE = 'sqs:attribute:'

/**
 * The forms of key sources. A trigger that offers more adds a row here, and sets the same name in `origin.lookup` of
 * its records.
 */
const KEY_SOURCES: readonly { readonly form: string; readonly pattern: RegExp }[] = [
  { form: 'record', pattern: /^record$/ },
  { form: 'value:<pointer>', pattern: /^value:(\/.*)?$/ },
  { form: 'event:<pointer>', pattern: /^event:(\/.*)?$/ },
  { form: SQS_MESSAGE_GROUP, pattern: new RegExp(`^${SQS_MESSAGE_GROUP}$`) },
  { form: `${SQS_ATTRIBUTE}<name>`, pattern: new RegExp(`^${SQS_ATTRIBUTE}.+$`) },
]
const FORMS = KEY_SOURCES.map(({ form }) => form)

export const KEY_SOURCES_EXPECTED = `a list of ${FORMS.slice(0, -1).join(', ')} or ${FORMS.at(-1)}`

export function isKeySources(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.every(source => typeof source === 'string' && KEY_SOURCES.some(({ pattern }) => pattern.test(source)))
  )
}

/**
 * Resolves a key source other than `record`: a part of the record's value, the entry of `lookup` with the source's
 * name, or a part of a document in `lookup`, whose name stands before the colon (`event:/detail/id` reads `event`). A
 * number of a text is a NumberText.
 * @returns undefined where there is none
 */
export function atKeySource(source: string, value: unknown, lookup: ReadonlyMap<string, unknown> | undefined): unknown {
  if (lookup?.has(source)) return lookup.get(source)
  const colon = source.indexOf(':')
  const name = source.slice(0, colon)
  const document = name === 'value' ? value : lookup?.get(name)
  const pointer = source.slice(colon + 1)
  return document instanceof JsonText ? atTextPointer(document, pointer) : atPointer(document, pointer)
}

// Gives each record of a request an id, by which consumers drop repeats and callers recognise their records.
import { createHash } from 'node:crypto'
import { InvalidRecordError } from '../../../../lib/errors.ts'
import type { HttpRequest } from '../../../../lib/lambda/http-event.ts'
import { isJsonObject } from '../../../../lib/record/json-object.ts'
import { RequestError } from '../../request-error.ts'
import type { Entry } from './request-body.ts'

/** Bytes of the digest in an id, as many as in a dead letter's id. */
const DIGEST_BYTES = 16
const ID_FORM = /^[\x21-\x7e]{1,255}$/

export interface RecordId {
  readonly id: string
  /** Why the record is refused. */
  readonly error: InvalidRecordError | undefined
}

/**
 * Returns an id per record. With an Idempotency-Key the id is a digest of the record's content, so that a caller who
 * sends some of the records again, in any order, sends the same ids; a record's own `id` takes the place of its
 * content. Both include the caller that the gateway authenticated, so that nobody can take another caller's ids.
 * Without either, the id is derived from the request's id.
 * @throws RequestError `bad-header`
 */
export function recordIds(
  entries: readonly Entry[],
  text: string,
  topic: string,
  request: HttpRequest,
  requestId: string,
): readonly RecordId[] {
  const key = idempotencyKey(request.headers['idempotency-key'])
  const ids = entries.map((entry, index): RecordId => {
    const recordId = isJsonObject(entry.parsed) ? entry.parsed.id : undefined
    const fallback = entries.length > 1 ? `${requestId}:${index}` : requestId
    if (recordId !== undefined && !(typeof recordId === 'string' && ID_FORM.test(recordId)))
      return {
        id: fallback,
        error: new InvalidRecordError('bad-value', 'id: expected 1 to 255 visible ASCII characters.'),
      }
    if (recordId === undefined && key === undefined) return { id: fallback, error: undefined }
    const content = recordId === undefined ? contentOf(entry, text) : [recordId as string]
    const digest = digestOf([request.principal ?? '', topic, key ?? '', ...content])
    return { id: `${recordId ?? key}:${digest}`, error: undefined }
  })
  return withoutDuplicates(ids)
}

function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || ID_FORM.test(header)) return header
  throw new RequestError('bad-header', 'idempotency-key: expected 1 to 255 visible ASCII characters.')
}

/** The name and text of each field of the record, sorted by name: their order in the body changes no id. */
function contentOf({ outline }: Entry, text: string): string[] {
  const fields = [...(outline.fields ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
  if (fields.length === 0) return [text.slice(outline.start, outline.end)]
  return fields.flatMap(([name, { start, end }]) => [name, text.slice(start, end)])
}

function digestOf(parts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest().subarray(0, DIGEST_BYTES).toString('base64url')
}

/** Refuses records that share an id, because a consumer would drop all but one of them. */
function withoutDuplicates(ids: readonly RecordId[]): readonly RecordId[] {
  const counts = new Map<string, number>()
  for (const { id } of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
  if (counts.size === ids.length) return ids
  return ids.map(each =>
    counts.get(each.id) === 1
      ? each
      : {
          id: each.id,
          error: new InvalidRecordError(
            'duplicate-record',
            'record: expected no other record with the same content or id in the request; give each its own id.',
          ),
        },
  )
}

// The ids of a request's records, by which a consumer drops repeats and a caller recognises its records.
import { createHash } from 'node:crypto'
import { InvalidRecordError } from '../../../../lib/errors.ts'
import type { HttpRequest } from '../../../../lib/lambda/http-event.ts'
import { isJsonObject } from '../../../../lib/record/json-object.ts'
import { RequestError } from '../../request-error.ts'
import type { Entry } from './request-body.ts'

/** Bytes of a digest that an id has: as many as a deadLetterId. */
const DIGEST_BYTES = 16
const ID_FORM = /^[\x21-\x7e]{1,255}$/

export interface RecordId {
  readonly id: string
  /** Why the record is refused. */
  readonly error: InvalidRecordError | undefined
}

/**
 * With an Idempotency-Key the id of a record is that of its content, so that a caller who sends some of the records
 * again, in any order, sends the same ids. A record's own `id` takes the place of its content. Both are bound to the
 * caller that the gateway authenticated: nobody can take another one's ids. Otherwise an id has the request's.
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
    const own = isJsonObject(entry.parsed) ? entry.parsed.id : undefined
    const fallback = entries.length > 1 ? `${requestId}:${index}` : requestId
    if (own !== undefined && !(typeof own === 'string' && ID_FORM.test(own)))
      return {
        id: fallback,
        error: new InvalidRecordError('bad-value', 'id: expected 1 to 255 visible ASCII characters.'),
      }
    if (own === undefined && key === undefined) return { id: fallback, error: undefined }
    const content = own === undefined ? contentOf(entry, text) : [own as string]
    const digest = digestOf([request.principal ?? '', topic, key ?? '', ...content])
    return { id: `${own ?? key}:${digest}`, error: undefined }
  })
  return withoutDuplicates(ids)
}

function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || ID_FORM.test(header)) return header
  throw new RequestError('bad-header', 'idempotency-key: expected 1 to 255 visible ASCII characters.')
}

/** The text of each field of the record, in an order of its own. */
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

/** Two records of one id can't both be meant: a consumer would drop one of them. */
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
            'record: expected no other one with the same content or id in the request; give each its own id.',
          ),
        },
  )
}

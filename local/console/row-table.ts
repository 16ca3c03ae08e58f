// Stores the open dead letters without their payloads, in about 250 bytes each: texts that many rows share are kept
// once, other texts outside the JavaScript heap.
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import type { OpenDeadLetter } from '../../lib/dead-letter/dead-letter-store.ts'
import type { SelectableDeadLetter } from '../../lib/redrive/select-dead-letters.ts'

const MAX_RECORD_ID = 120
const CHUNK = 1024 * 1024

type Failure = DeadLetter['failure']

/** The fields whose values most dead letters share with others. */
interface Kind {
  readonly record: Pick<DeadLetter['record'], 'topic'>
  readonly failure: Pick<Failure, 'code' | 'kind' | 'outcome'>
  readonly redrive: Pick<DeadLetter['redrive'], 'count' | 'lastCode'>
  readonly trigger: DeadLetter['source']['trigger']
  readonly verified: boolean
}

export interface Row extends SelectableDeadLetter, Pick<Kind, 'trigger' | 'verified'> {
  readonly recordId: string
  readonly location: string
}

export class RowTable {
  readonly #kinds: Kind[] = []
  readonly #kindNumbers = new Map<string, number>()
  readonly #texts = new TextList()
  /** Per row: its kind, and the time of its last failure, ms since the epoch. */
  readonly #kindOf: number[] = []
  readonly #lastAt: number[] = []
  readonly #cursor = this.#createCursor()
  #order: Uint32Array | undefined

  get length(): number {
    return this.#kindOf.length
  }

  add({ deadLetter, location, verified }: OpenDeadLetter): void {
    const { deadLetterId, recordId, source, record, failure, redrive } = deadLetter
    const { code, kind, outcome, lastAt } = failure
    const key = JSON.stringify([
      record.topic,
      code,
      kind,
      outcome,
      redrive.count,
      redrive.lastCode,
      source.trigger,
      verified,
    ])
    let number = this.#kindNumbers.get(key)
    if (number === undefined) {
      number = this.#kinds.length
      this.#kindNumbers.set(key, number)
      this.#kinds.push({
        record: { topic: record.topic },
        failure: { code, kind, outcome },
        redrive: { count: redrive.count, lastCode: redrive.lastCode },
        trigger: source.trigger,
        verified,
      })
    }
    this.#kindOf.push(number)
    this.#lastAt.push(Date.parse(lastAt))
    const shortId = recordId.length <= MAX_RECORD_ID ? recordId : `${recordId.slice(0, MAX_RECORD_ID)}…`
    this.#texts.push(JSON.stringify([deadLetterId, shortId, location]))
  }

  /** The numbers of the rows, newest first. */
  get order(): Uint32Array {
    this.#order ??= Uint32Array.from({ length: this.length }, (_, number) => number).sort(
      (a, b) => (this.#lastAt[b] as number) - (this.#lastAt[a] as number),
    )
    return this.#order
  }

  /** Returns a row that is valid until the next call, so that a pass over 100,000 rows creates no objects. */
  at(number: number): Row {
    this.#cursor.move(this.#kinds[this.#kindOf[number] as number] as Kind, number)
    return this.#cursor.row
  }

  #createCursor() {
    let kind: Kind
    let number = 0
    const text = (index: number) => (JSON.parse(this.#texts.at(number)) as [string, string, string])[index] as string
    const lastAt = () => new Date(this.#lastAt[number] as number).toISOString()
    const row: Row = {
      get record() {
        return kind.record
      },
      get redrive() {
        return kind.redrive
      },
      get trigger() {
        return kind.trigger
      },
      get verified() {
        return kind.verified
      },
      get deadLetterId() {
        return text(0)
      },
      get recordId() {
        return text(1)
      },
      get location() {
        return text(2)
      },
      failure: {
        get code() {
          return kind.failure.code
        },
        get kind() {
          return kind.failure.kind
        },
        get outcome() {
          return kind.failure.outcome
        },
        get lastAt() {
          return lastAt()
        },
      },
    }
    const move = (nextKind: Kind, nextNumber: number) => {
      kind = nextKind
      number = nextNumber
    }
    return { row, move }
  }
}

/** Texts stored outside the JavaScript heap. */
class TextList {
  readonly #chunks: Buffer[] = []
  /** Per text: the number of its chunk, its start and its end. */
  readonly #places: number[] = []
  #end = CHUNK

  push(text: string): void {
    const bytes = Buffer.byteLength(text)
    if (this.#end + bytes > (this.#chunks.at(-1)?.length ?? 0)) {
      this.#chunks.push(Buffer.allocUnsafeSlow(Math.max(CHUNK, bytes)))
      this.#end = 0
    }
    const begin = this.#end
    this.#end += this.#chunks.at(-1)?.write(text, begin) ?? 0
    this.#places.push(this.#chunks.length - 1, begin, this.#end)
  }

  at(number: number): string {
    const [chunk, begin, end] = this.#places.slice(number * 3, number * 3 + 3) as [number, number, number]
    return (this.#chunks[chunk] as Buffer).toString('utf8', begin, end)
  }
}

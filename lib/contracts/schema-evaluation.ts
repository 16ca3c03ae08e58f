// One evaluation of a schema: what Ajv's code calls as `this`, so that it has no state of its own.
import { countEntries, isContainer } from '../record/json-object.ts'
import { writtenTwins } from './written-numbers.ts'

/** References that any value may follow, and as many repeats. */
const FREE_STEPS = 1000
/** How often a reference may be followed at one place of a value: alternatives often share a base. */
const FREE_VISITS = 16
/** What a large value that arrived as text has in addition: a repeat for each entry, up to so many. */
const MAX_MORE_REPEATS = 20_000

export const STEPS_EXPECTED = `each $ref followed up to ${FREE_VISITS} times at a place`

/** The schema asks for more work than a value of this size may cost. */
export class TooManySteps extends Error {}

export class SchemaEvaluation {
  readonly #value: unknown
  readonly #text: string | undefined
  #steps = 0
  /** By reference and place, once the first steps are used up. */
  #visits: Map<string, Map<object, number>> | undefined
  #repeats = 0
  #maxRepeats: number | undefined
  /** Most values need none: maps are made when they are used. */
  #identities: Identities | undefined
  #twins: ReadonlyMap<object, unknown> | undefined

  /** @param text of the value, as its source wrote it */
  constructor(value: unknown, text?: string) {
    this.#value = value
    this.#text = text
  }

  /**
   * Called for each reference that is followed. A schema that refers to itself from several alternatives follows twice
   * as many for each level of a value: 25 levels would take minutes. With the limit the work grows with the size of the
   * value times that of the schema.
   * @param place the part of the value; what is no object or list is visited as often as what it lies in
   * @throws TooManySteps
   */
  countStep(reference: string, place: unknown): void {
    if (++this.#steps <= FREE_STEPS || !isContainer(place)) return
    this.#visits ??= new Map()
    const visits = this.#visits.get(reference) ?? new Map<object, number>()
    this.#visits.set(reference, visits)
    const count = (visits.get(place) ?? 0) + 1
    visits.set(place, count)
    if (count <= FREE_VISITS) return
    this.#maxRepeats ??= FREE_STEPS + this.#moreRepeats()
    if (++this.#repeats > this.#maxRepeats) throw new TooManySteps()
  }

  /** A program's own value may have one object at many places. */
  #moreRepeats(): number {
    const entries = countEntries(this.#value)
    return this.#text === undefined ? entries : Math.min(entries, MAX_MORE_REPEATS)
  }

  /**
   * `uniqueItems`, in linear time. Ajv compares every pair of objects: 8,000 of them keep it busy for seconds.
   * @returns whether no two items are equal as JSON Schema defines it: the order of an object's fields does not matter,
   * and of numbers it is the value that is written
   */
  areUnique(items: readonly unknown[]): boolean {
    if (this.#areDifferent(items)) return true
    if (this.#text === undefined) return false
    // Two numbers that differ can be one double.
    this.#twins ??= writtenTwins(this.#value, this.#text)
    const twin = this.#twins.get(items)
    return Array.isArray(twin) && this.#areDifferent(twin)
  }

  #areDifferent(items: readonly unknown[]): boolean {
    this.#identities ??= new Identities()
    const seen = new Set<unknown>()
    for (const item of items) {
      // What stands for an object must not equal an item that is this text.
      const identity = typeof item === 'string' || isContainer(item) ? this.#identities.of(item) : item
      if (seen.has(identity)) return false
      seen.add(identity)
    }
    return true
  }
}

/** Texts that are equal for equal values. Each object and list is read once, however many lists lie around it. */
class Identities {
  /** By what an object or list holds, which has the identities of what is in it. */
  readonly #numbers = new Map<string, number>()
  readonly #known = new Map<object, string>()

  of(value: unknown): string {
    if (typeof value === 'string') return JSON.stringify(value)
    if (!isContainer(value)) return String(value)
    let identity = this.#known.get(value)
    if (identity === undefined) {
      const content = this.#contentOf(value)
      const number = this.#numbers.get(content) ?? this.#numbers.size
      this.#numbers.set(content, number)
      identity = `#${number}`
      this.#known.set(value, identity)
    }
    return identity
  }

  #contentOf(container: object): string {
    if (Array.isArray(container)) return `[${container.map(item => this.of(item)).join()}]`
    const fields = Object.entries(container).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${this.of(field)}`).join()}}`
  }
}

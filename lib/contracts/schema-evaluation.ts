// The state of one evaluation of a schema. Ajv's generated code calls it as `this`, so the code itself is stateless.
import { isContainer } from '../record/json-object.ts'
import { containerText, scalarText } from './canonical-text.ts'
import { isEqualTo, isMember } from './enum-members.ts'
import { writtenTwins } from './written-numbers.ts'

/** The steps that a value of any size may take. */
const FREE_STEPS = 20_000
/** The steps that a value may take in addition for each of its entries: twice the parts of the schema, within these. */
const MIN_STEPS_PER_ENTRY = 32
const MAX_STEPS_PER_ENTRY = 256
/** This many items of a list, or characters of a text, cost about as much as one property. */
const ITEMS_PER_STEP = 4
const CHARACTERS_PER_STEP = 16

export const STEPS_EXPECTED = 'a value that is checked in fewer steps'

/** The schema asks for more work than a value of this size may cost. */
export class TooManySteps extends Error {}

export class SchemaEvaluation {
  readonly #value: unknown
  readonly #text: string | undefined
  #steps = 0
  #maxSteps = FREE_STEPS
  #isMeasured = false
  /** Created on first use, because most values need none. */
  #identities: Identities | undefined
  #unique: Map<object, boolean> | undefined
  #twins: ReadonlyMap<object, unknown> | undefined

  /** @param text the JSON text of the value, as its source wrote it */
  constructor(value: unknown, text?: string) {
    this.#value = value
    this.#text = text
  }

  /**
   * Called for each recursive reference of a schema. If several alternatives have one, each level of a value may double
   * the steps: 25 levels would take minutes. A schema without such a reference takes at most as many steps as it has
   * parts for each entry of the value, so it is never refused.
   * @param schemaParts number of objects in the schema
   * @throws TooManySteps
   */
  countReference(schemaParts: number): void {
    this.countSteps(1)
    if (this.#steps <= this.#maxSteps) return
    if (!this.#isMeasured) {
      const perEntry = Math.min(Math.max(2 * schemaParts, MIN_STEPS_PER_ENTRY), MAX_STEPS_PER_ENTRY)
      this.#maxSteps += perEntry * stepsToRead(this.#value)
      this.#isMeasured = true
    }
    if (this.#steps > this.#maxSteps) throw new TooManySteps()
  }

  /** Counts work done per property. The next reference throws if the total is too high. */
  countSteps(steps: number): void {
    this.#steps += steps
  }

  countItems(items: number): void {
    this.countSteps(items / ITEMS_PER_STEP)
  }

  /** @param characters the length of a text that is read completely */
  countCharacters(characters: number): void {
    this.countSteps(characters / CHARACTERS_PER_STEP)
  }

  /** Implements `enum` in a time that does not depend on the number of members; Ajv compares the value with each. */
  isMember(value: unknown, members: readonly unknown[]): boolean {
    return isMember(value, members)
  }

  /** Implements `const` for objects and lists. Ajv calls `valueOf` and `toString`, which may be fields of the value. */
  isEqual(value: unknown, expected: object): boolean {
    return isEqualTo(value, expected)
  }

  /**
   * Implements `uniqueItems` in linear time. Ajv compares every pair of objects, which takes seconds for 8,000.
   * @returns whether no two items are equal as JSON Schema defines it: the order of an object's fields does not matter,
   * and numbers are compared as they are written. The result is cached per list.
   */
  areUnique(items: readonly unknown[]): boolean {
    this.#unique ??= new Map()
    const cachedResult = this.#unique.get(items)
    if (cachedResult !== undefined) return cachedResult
    const areUnique = this.#areUniqueAsWritten(items)
    this.#unique.set(items, areUnique)
    return areUnique
  }

  #areUniqueAsWritten(items: readonly unknown[]): boolean {
    if (this.#areDifferent(items)) return true
    if (this.#text === undefined) return false
    // Different numbers in the text can parse to the same double.
    this.#twins ??= writtenTwins(this.#value, this.#text)
    const twin = this.#twins.get(items)
    return Array.isArray(twin) && this.#areDifferent(twin)
  }

  #areDifferent(items: readonly unknown[]): boolean {
    this.#identities ??= new Identities()
    const seen = new Set<unknown>()
    for (const item of items) {
      // The identity of an object must not equal an item that happens to be the same text.
      const identity = typeof item === 'string' || isContainer(item) ? this.#identities.of(item) : item
      if (seen.has(identity)) return false
      seen.add(identity)
    }
    return true
  }
}

/**
 * Counts the steps for reading a value: one per entry, and one per few characters of a text. A value built in code may
 * contain the same object many times.
 */
function stepsToRead(value: unknown): number {
  let steps = 1
  const containers: object[] = []
  const count = (entry: unknown) => {
    if (isContainer(entry)) containers.push(entry)
    else if (typeof entry === 'string') steps += entry.length / CHARACTERS_PER_STEP
  }
  count(value)
  for (let container = containers.pop(); container !== undefined; container = containers.pop()) {
    const entries: readonly unknown[] = Array.isArray(container) ? container : Object.values(container)
    steps += entries.length
    for (const entry of entries) count(entry)
  }
  return steps
}

/** Gives equal values equal texts. Each object and list is read once, however deeply it is nested. */
class Identities {
  /** Maps the content of an object or list, written with the identities of its entries, to a number. */
  readonly #numbers = new Map<string, number>()
  readonly #known = new Map<object, string>()

  of(value: unknown): string {
    if (!isContainer(value)) return scalarText(value)
    let identity = this.#known.get(value)
    if (identity === undefined) {
      const content = containerText(value, entry => this.of(entry))
      const number = this.#numbers.get(content) ?? this.#numbers.size
      this.#numbers.set(content, number)
      identity = `#${number}`
      this.#known.set(value, identity)
    }
    return identity
  }
}

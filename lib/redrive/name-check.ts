// Finds names in a filter that match nothing, because a mistyped name silently changes what the filter selects.
import type { Contracts } from '../contracts/contract.ts'
import { ERROR_CODES } from '../errors.ts'
import { type DeadLetterFilter, lastError, type SelectableDeadLetter } from './select-dead-letters.ts'

const CODES: ReadonlySet<string> = new Set(Object.values(ERROR_CODES).flat())

export class NameCheck {
  readonly #filter: DeadLetterFilter
  readonly #contracts: Contracts
  /** The names of the filter that occur in a dead letter. */
  readonly #found = { ids: new Set<string>(), topics: new Set<string>(), errors: new Set<string>() }

  constructor(filter: DeadLetterFilter, contracts: Contracts) {
    this.#filter = filter
    this.#contracts = contracts
  }

  /** Must be called with every open dead letter, including those that the filter excludes. */
  see(deadLetter: SelectableDeadLetter): void {
    const { deadLetterIds, topics = [], notTopics = [], errors = [], notErrors = [] } = this.#filter
    const { record, failure } = deadLetter
    const { topic } = record
    if (deadLetterIds?.includes(deadLetter.deadLetterId)) this.#found.ids.add(deadLetter.deadLetterId)
    if (topic !== null && (topics.includes(topic) || notTopics.includes(topic))) this.#found.topics.add(topic)
    for (const code of [failure.code, lastError(deadLetter)])
      if (errors.includes(code) || notErrors.includes(code)) this.#found.errors.add(code)
  }

  /** Returns a sentence for each id, topic or code that no dead letter, contract or error has. */
  problems(): string[] {
    const { topics = [], errors = [] } = this.#filter
    return [
      ...this.missingIds().map(id => `No open dead letter has the id ${id}.`),
      ...this.#unknownNames(topics, errors),
      ...this.negatedProblems(),
    ]
  }

  /** Returns the ids of the filter that no dead letter has. */
  missingIds(): readonly string[] {
    const { deadLetterIds = [] } = this.#filter
    return deadLetterIds.filter(id => !this.#found.ids.has(id))
  }

  /**
   * Like `problems`, for the names that the filter excludes: with a mistyped name a change would include dead letters
   * that should be left out.
   */
  negatedProblems(): string[] {
    const { notTopics = [], notErrors = [] } = this.#filter
    return this.#unknownNames(notTopics, notErrors)
  }

  #unknownNames(topics: readonly string[], errors: readonly string[]): string[] {
    const unknownTopics = topics.filter(
      topic => topic !== '' && !this.#contracts.has(topic) && !this.#found.topics.has(topic),
    )
    const unknownErrors = errors.filter(code => !CODES.has(code) && !this.#found.errors.has(code))
    return [
      ...unknownTopics.map(topic => `No contract and no open dead letter has the topic ${topic}.`),
      ...unknownErrors.map(code => `No open dead letter has the error ${code}, and it is not a known code.`),
    ]
  }
}

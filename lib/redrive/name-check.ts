// Finds names in a filter that exist nowhere, because a mistyped name changes what a filter selects.
import type { Contracts } from '../contracts/contract.ts'
import { ERROR_CODES } from '../errors.ts'
import { type DeadLetterFilter, lastError, type SelectableDeadLetter } from './select-dead-letters.ts'

const CODES: ReadonlySet<string> = new Set(Object.values(ERROR_CODES).flat())

export class NameCheck {
  readonly #filter: DeadLetterFilter
  readonly #contracts: Contracts
  /** The names in the filter that a dead letter has. */
  readonly #found = { ids: new Set<string>(), topics: new Set<string>(), errors: new Set<string>() }

  constructor(filter: DeadLetterFilter, contracts: Contracts) {
    this.#filter = filter
    this.#contracts = contracts
  }

  /** Call it with every open dead letter, also with those that the filter leaves out. */
  see(deadLetter: SelectableDeadLetter): void {
    const { deadLetterIds, topics = [], notTopics = [], errors = [], notErrors = [] } = this.#filter
    const { record, failure } = deadLetter
    const { topic } = record
    if (deadLetterIds?.includes(deadLetter.deadLetterId)) this.#found.ids.add(deadLetter.deadLetterId)
    if (topic !== null && (topics.includes(topic) || notTopics.includes(topic))) this.#found.topics.add(topic)
    for (const code of [failure.code, lastError(deadLetter)])
      if (errors.includes(code) || notErrors.includes(code)) this.#found.errors.add(code)
  }

  /** A sentence for each id, topic or code that no dead letter, contract or error has. */
  problems(): string[] {
    const { topics = [], errors = [] } = this.#filter
    return [
      ...this.missingIds().map(id => `No open dead letter has the id ${id}.`),
      ...this.#unknownNames(topics, errors),
      ...this.negatedProblems(),
    ]
  }

  /** The ids in the filter that no dead letter has. */
  missingIds(): readonly string[] {
    const { deadLetterIds = [] } = this.#filter
    return deadLetterIds.filter(id => !this.#found.ids.has(id))
  }

  /** The same for what the filter leaves out: with a mistyped name a change would take those along. */
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
      ...unknownErrors.map(code => `No open dead letter has the error ${code}, and it is no code of this program.`),
    ]
  }
}

// A store of dead letters in memory, with a list of its calls.
import type { DeadLetter } from '../../lib/dead-letter/dead-letter.ts'
import type {
  Completed,
  DeadLetterStore,
  Lease,
  OpenDeadLetter,
  ReadOptions,
} from '../../lib/dead-letter/dead-letter-store.ts'
import { DeadLetterError } from '../../lib/errors.ts'

export class MemoryDeadLetterStore implements DeadLetterStore<number> {
  /** Open dead letters by handle. */
  readonly open = new Map<number, DeadLetter>()
  readonly calls: string[] = []
  /** Errors to throw, by the name of the call. */
  readonly failing = new Map<string, Error>()
  isLeased = false

  constructor(deadLetters: readonly DeadLetter[]) {
    for (const [index, deadLetter] of deadLetters.entries()) this.open.set(index, deadLetter)
  }

  get ids(): string[] {
    return [...this.open.values()].map(({ recordId }) => recordId)
  }

  async *deadLetters(_options?: ReadOptions): AsyncGenerator<OpenDeadLetter<number>> {
    const error = this.failing.get('read')
    if (error) throw error
    for (const [handle, deadLetter] of [...this.open])
      yield { deadLetter, location: `memory:${handle}`, verified: deadLetter.claimCheck === null, handle }
  }

  async reserve(): Promise<void> {
    this.#call('reserve')
  }

  async complete(completed: readonly Completed<number>[]): Promise<void> {
    this.#call('complete')
    for (const { open } of completed) this.open.delete(open.handle)
  }

  async replace({ handle }: OpenDeadLetter<number>, deadLetter: DeadLetter): Promise<void> {
    this.#call('replace')
    this.open.set(handle, deadLetter)
  }

  async tidy(): Promise<void> {
    this.#call('tidy')
  }

  async lease(): Promise<Lease> {
    if (this.isLeased) throw new DeadLetterError('redrive-running', 'Another redrive is running.', { retriable: true })
    this.isLeased = true
    const release = async () => {
      this.isLeased = false
    }
    return { check: async () => this.#call('check'), renew: async () => {}, release }
  }

  async close(): Promise<void> {}

  #call(name: string): void {
    this.calls.push(name)
    const error = this.failing.get(name)
    if (error) throw error
  }
}

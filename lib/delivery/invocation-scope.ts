// The invocation that a send belongs to. Before a handler's answer leaves, every send it began is awaited: a frozen sandbox
// would finish it later, or never. A failure that nobody observed fails the invocation.
import { AsyncLocalStorage } from 'node:async_hooks'
import { InvalidRecordError, TransportError } from '../errors.ts'
import type { Deadline } from '../time/deadline.ts'
import type { DeliveryReport } from './delivery-report.ts'

const storage = new AsyncLocalStorage<InvocationScope>()

export function currentScope(): InvocationScope | undefined {
  return storage.getStore()
}

/** Work that belongs to no invocation's time: it must have a deadline of its own. */
export function outsideScopes<T>(work: () => T): T {
  return storage.exit(work)
}

let open = 0

/** Scopes of invocations that are not over. */
export function openScopes(): number {
  return open
}

/** A promise that knows whether anybody looks at its result. */
class ObservedPromise<T> extends Promise<T> {
  observed = false

  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  // biome-ignore lint/suspicious/noThenProperty: to notice an await is the purpose
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.observed = true
    return super.then(onFulfilled, onRejected)
  }
}

export class InvocationScope {
  readonly deadline: Deadline | undefined
  /** Why nothing is sent in this invocation, if so. */
  readonly refusal: TransportError | undefined
  readonly #pending = new Set<Promise<void>>()
  readonly #unobserved: unknown[] = []
  readonly #lingering = new Set<{ flush(): Promise<void> }>()
  /** Records of this scope that were delivered, and that a delivery failure stopped. */
  readonly outcomes = { delivered: 0, deliveryFailures: 0 }
  #closed = false
  #entered = false

  constructor(deadline?: Deadline, refusal?: (scope: InvocationScope) => TransportError | undefined) {
    this.deadline = deadline
    this.refusal = refusal?.(this)
  }

  run<T>(work: () => T): T {
    return storage.run(this, work)
  }

  /** Makes this scope the current one for what follows in this asynchronous context. */
  enter(): void {
    open++
    this.#entered = true
    storage.enterWith(this)
  }

  /** @throws TransportError after `close`: its record could be frozen half-way */
  refuseWhenClosed(): void {
    if (this.#closed) throw new TransportError('unavailable', 'A send began after its invocation had ended.')
  }

  /** A producer that has records of this scope that may linger. */
  flushAtClose(producer: { flush(): Promise<void> }): void {
    this.#lingering.add(producer)
  }

  track<T>(work: Promise<T>): Promise<T> {
    work.then(
      () => this.outcomes.delivered++,
      error => {
        if (!(error instanceof InvalidRecordError)) this.outcomes.deliveryFailures++
      },
    )
    return this.#watch(work, () => undefined)
  }

  trackReports(work: Promise<DeliveryReport[]>): Promise<DeliveryReport[]> {
    const counted = work.then(reports => {
      for (const report of reports) this.#count(report)
      return reports
    })
    return this.#watch(counted, reports => reports.find(report => report.kind === 'failed')?.error)
  }

  /**
   * Waits for every send that began in this scope.
   * @throws the first failure that nobody observed
   */
  async close(): Promise<void> {
    try {
      for (const producer of this.#lingering) void producer.flush()
      while (this.#pending.size > 0) await Promise.all(this.#pending)
    } finally {
      this.#closed = true
      if (this.#entered) open--
      this.#entered = false
    }
    if (this.#unobserved.length > 0) throw this.#unobserved[0]
  }

  #count(report: DeliveryReport): void {
    if (report.kind === 'delivered') this.outcomes.delivered++
    else if (report.failureKind === 'delivery-failure') this.outcomes.deliveryFailures++
  }

  #watch<T>(work: Promise<T>, failureIn: (result: T) => unknown): Promise<T> {
    const observed = new ObservedPromise<T>((resolve, reject) => {
      work.then(resolve, reject)
    })
    const note = (failure: unknown) => {
      if (failure !== undefined && !observed.observed) {
        this.#unobserved.push(failure)
        // It is reported by `close`; the process must not die of it as well.
        Promise.prototype.then.call(observed, undefined, () => undefined)
      }
    }
    const completed = work.then(result => note(failureIn(result)), note).finally(() => this.#pending.delete(completed))
    this.#pending.add(completed)
    return observed
  }
}

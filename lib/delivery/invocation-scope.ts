// The invocation that a send belongs to. Every send that a handler began is awaited before its answer is returned,
// because a frozen sandbox would finish it later, or never. A failure that nobody observed fails the invocation.
import { AsyncLocalStorage } from 'node:async_hooks'
import { InvalidRecordError, TransportError } from '../errors.ts'
import type { RecordIdOption } from '../identify-records.ts'
import type { Deadline } from '../time/deadline.ts'
import type { DeliveryReport } from './delivery-report.ts'
import type { Invocations } from './invocations.ts'

const storage = new AsyncLocalStorage<InvocationScope>()

export function currentScope(): InvocationScope | undefined {
  return storage.getStore()
}

/** Runs work that belongs to no invocation. The work must have its own deadline. */
export function outsideScopes<T>(work: () => T): T {
  return storage.exit(work)
}

/**
 * A promise that knows whether anybody looks at its result. An `unhandledRejection` handler can't replace it: it also
 * fires for a promise that the handler awaits a little later, and never for a failed report in a resolved `sendAll`.
 */
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
  /** The error for every record of this invocation, if the invocation may not send. */
  readonly refusal: TransportError | undefined
  readonly #pending = new Set<Promise<void>>()
  readonly #failed: { readonly promise: ObservedPromise<unknown>; readonly failure: unknown }[] = []
  readonly #lingering = new Set<{ flush(): Promise<void> }>()
  /** The numbers of records that were delivered, and of delivery failures. */
  readonly outcomes = { delivered: 0, deliveryFailures: 0 }
  #closed = false
  #identified: { readonly producer: object; readonly recordId: RecordIdOption } | undefined
  #invocations: Invocations | undefined

  constructor(deadline?: Deadline, refusal?: (scope: InvocationScope) => TransportError | undefined) {
    this.deadline = deadline
    this.refusal = refusal?.(this)
  }

  run<T>(work: () => T): T {
    return storage.run(this, work)
  }

  /**
   * Makes this scope the current one for the rest of this asynchronous context, which includes the code that the caller
   * of an async function runs after it.
   * @param invocations counts this scope until it closes
   */
  enter(invocations: Invocations): void {
    invocations.begin(this)
    this.#invocations = invocations
    storage.enterWith(this)
  }

  /** The error for a send after `close`, whose record a freeze could interrupt. */
  get closedError(): TransportError | undefined {
    if (!this.#closed) return undefined
    return new TransportError(
      'unavailable',
      'A send began after its invocation had ended. Begin every send before the handler returns its answer.',
    )
  }

  /** Sets which id records get that are sent with this producer in this scope. */
  identify(producer: object, recordId: RecordIdOption): void {
    this.#identified = { producer, recordId }
  }

  recordIdFor(producer: object): RecordIdOption | undefined {
    return this.#identified?.producer === producer ? this.#identified.recordId : undefined
  }

  /** Adds a producer in which records of this scope may linger. `close` flushes it. */
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
   * @throws KafkaProducerError the first failure that nobody has observed by then
   */
  async close(): Promise<void> {
    try {
      for (const producer of this.#lingering) void producer.flush()
      while (this.#pending.size > 0) await Promise.all(this.#pending)
    } finally {
      this.#closed = true
      this.#invocations?.end(this)
    }
    // Checked now and not when the send failed, because the handler may look at its promises one after the other.
    const unobserved = this.#failed.find(({ promise }) => !promise.observed)
    if (unobserved) throw unobserved.failure
  }

  #count(report: DeliveryReport): void {
    if (report.kind === 'delivered') this.outcomes.delivered++
    else if (report.failureKind === 'delivery-failure') this.outcomes.deliveryFailures++
  }

  #watch<T>(work: Promise<T>, failureIn: (result: T) => unknown): Promise<T> {
    const observed = new ObservedPromise<T>((resolve, reject) => {
      work.then(resolve, reject)
    })
    // `close` throws unobserved failures; they must not also end the process as unhandled rejections.
    Promise.prototype.then.call(observed, undefined, () => undefined)
    const note = (failure: unknown) => {
      if (failure !== undefined) this.#failed.push({ promise: observed, failure })
    }
    const completed = work.then(result => note(failureIn(result)), note).finally(() => this.#pending.delete(completed))
    this.#pending.add(completed)
    return observed
  }
}

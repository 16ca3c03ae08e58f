// Decides when the brokers are asked for metadata, and about which topics. A topic that was never requested is
// requested at once. After an answer that did not help, it is requested again after a back-off, from another broker.
// Topics that need an answer at the same time share a request.
import { TransportError } from '../errors.ts'
import { backoff } from '../time/backoff.ts'
import type { Clock } from '../time/clock.ts'
import { Deadline } from '../time/deadline.ts'
import { transportError } from '../transport/error-codes.ts'
import type { Cluster, KafkaClient, TopicMetadata } from '../transport/kafka-client.ts'

/** Limits the back-off after unhelpful answers, because the end of a leader election must be noticed soon. */
const MAX_UNHELPFUL = 2

/** What an answer is needed for: a topic, or the question whether any broker answers. */
export class MetadataSubject {
  /** The number of calls that wait for an answer. */
  waiting = 0
  /** The number of the first request whose answer is new enough. Requests are numbered. */
  needed = 0
  /** The number of the last request that was answered. */
  answered = 0
  isRequested = false
  /** Whether no request about it has ended yet. */
  isNew = true
  /** How many answers in a row said nothing new although somebody waited for one. */
  unhelpful = 0
  /** The next request must not begin before this moment (monotonic clock). */
  notBefore = 0
  /** Whether somebody waits, or a leader refused a request; not for the refresh after `metadata.max.age.ms`. */
  isPressing = false
}

/** A topic that records are sent to. */
interface RequestedTopic extends MetadataSubject {
  readonly name: string
  /** Whether the last answer contradicts what is known, so that more answers are needed to decide. */
  readonly isContradicted: boolean
  /** @returns whether the answer says something new about the topic */
  learn(answer: TopicMetadata): boolean
}

export interface MetadataRequestsOptions<Topic extends RequestedTopic> {
  /** The time limit of a request, including the connection attempt, ms. */
  readonly requestMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly clock: Clock
  /** All topics that records are sent to. */
  readonly topics: () => Iterable<Topic>
  /** Whether records are sent to the topic. Others are not requested. */
  readonly isInUse: (topic: Topic) => boolean
  /** Whether a failed request about this topic is repeated, because somebody waits for it. */
  readonly isWanted: (topic: Topic) => boolean
  /** Called with every answer, before its topics take over what is new. */
  readonly onAnswer: (cluster: Cluster) => void
  /** Called after every request, with the answer if there was one. */
  readonly onEnd: (cluster: Cluster | undefined) => void
}

export class MetadataRequests<Topic extends RequestedTopic> {
  readonly #client: KafkaClient
  readonly #options: MetadataRequestsOptions<Topic>
  readonly #anyBroker = new MetadataSubject()
  /**
   * The subjects that need an answer and are not requested. Without it, each new topic would cost a search through all
   * topics.
   */
  readonly #due = new Set<MetadataSubject>()
  #willStart = false
  #timer: unknown
  #isClosed = false
  #failures = 0
  #notBefore = 0
  /** The number of the last request. */
  count = 0
  /** Why the last request failed; undefined if it succeeded. */
  lastError: TransportError | undefined

  constructor(client: KafkaClient, options: MetadataRequestsOptions<Topic>) {
    this.#client = client
    this.#options = options
  }

  get anyBroker(): MetadataSubject {
    return this.#anyBroker
  }

  /**
   * Requests an answer that is not older than this call.
   * @returns the ticket of that answer: it has arrived when `subject.answered` reaches the ticket
   */
  need(subject: MetadataSubject): number {
    return this.pursue(subject, this.count + 1)
  }

  /** Requests the answer of a ticket again, if it is still needed. */
  pursue(subject: MetadataSubject, ticket: number): number {
    subject.needed = Math.max(subject.needed, ticket)
    subject.isPressing = true
    this.#due.add(subject)
    this.#startSoon()
    return subject.needed
  }

  /** Requests all topics, although nobody waits for the answer. */
  refresh(): void {
    for (const topic of this.#options.topics()) {
      topic.needed = Math.max(topic.needed, this.count + 1)
      this.#due.add(topic)
    }
    this.#startSoon()
  }

  close(): void {
    this.#isClosed = true
    this.#options.clock.clearTimeout(this.#timer)
  }

  /** Starts a request at the end of the turn, so that partitions that fail together share it. */
  #startSoon(): void {
    if (this.#willStart) return
    this.#willStart = true
    queueMicrotask(() => {
      this.#willStart = false
      this.#start()
    })
  }

  #start(): void {
    const { clock } = this.#options
    clock.clearTimeout(this.#timer)
    if (this.#isClosed) return
    const now = clock.now()
    for (const subject of this.#due) if (!this.#isDue(subject)) this.#due.delete(subject)
    if (this.#due.size === 0) return
    const due = [...this.#due]
    const ready = due.filter(subject => this.#notBeforeOf(subject) <= now)
    if (ready.length > 0) return void this.#request(this.#withOthers(ready, now))
    const next = due.reduce((first, subject) => Math.min(first, this.#notBeforeOf(subject)), Number.POSITIVE_INFINITY)
    this.#timer = clock.setTimeout(() => this.#startSoon(), Math.max(1, next - now))
  }

  #isDue(subject: MetadataSubject): boolean {
    if (this.#isTopic(subject) && (!this.#options.isInUse(subject) || this.#isGivenUp(subject)))
      subject.needed = subject.answered
    return subject.needed > subject.answered && !subject.isRequested
  }

  /**
   * Whether the topic is no longer requested, because no broker ever answered for it and nobody waits. Such a topic may
   * be what makes brokers close the connection, so that the requests for all other topics would fail, too.
   */
  #isGivenUp(topic: Topic): boolean {
    return !topic.isNew && topic.answered === 0 && !this.#options.isWanted(topic)
  }

  #isTopic(subject: MetadataSubject): subject is Topic {
    return subject !== this.#anyBroker
  }

  /**
   * When the subject may be requested. After a failed request, all topics wait for the same moment and share the next
   * request; a new topic does not wait.
   */
  #notBeforeOf(subject: MetadataSubject): number {
    return subject.isNew ? 0 : Math.max(subject.notBefore, this.#notBefore)
  }

  /** Adds all topics to a request about a failed leader, because their partitions may have the same leader. */
  #withOthers(ready: readonly MetadataSubject[], now: number): ReadonlySet<MetadataSubject> {
    if (ready.every(subject => subject.isNew)) return new Set(ready)
    const isReady = (topic: Topic) => !topic.isRequested && topic.notBefore <= now && !this.#isGivenUp(topic)
    const others = [...this.#options.topics()].filter(isReady)
    return new Set([...ready, ...others])
  }

  async #request(subjects: ReadonlySet<MetadataSubject>): Promise<void> {
    const { clock, requestMs } = this.#options
    const number = ++this.count
    const topics = [...subjects].filter(subject => this.#isTopic(subject))
    const isElsewhere = topics.some(({ unhelpful }) => unhelpful > 0)
    for (const subject of subjects) subject.isRequested = true
    this.#startSoon()
    let cluster: Cluster | undefined
    try {
      cluster = await this.#client.metadata(
        topics.map(({ name }) => name),
        Deadline.after(clock, requestMs),
        { isElsewhere },
      )
      this.#answered(number, topics, cluster)
    } catch (error) {
      this.#failed(error, topics)
    }
    for (const subject of subjects) {
      subject.isRequested = false
      subject.isNew = false
      this.#due.add(subject)
    }
    this.#options.onEnd(cluster)
    this.#startSoon()
  }

  #answered(number: number, topics: readonly Topic[], cluster: Cluster): void {
    const { clock, retryBackoffMs, retryBackoffMaxMs } = this.#options
    this.#options.onAnswer(cluster)
    this.lastError = undefined
    this.#failures = 0
    this.#notBefore = 0
    this.#anyBroker.answered = Math.max(this.#anyBroker.answered, number)
    // One random number per answer, so that its topics keep the same moment.
    const random = Math.random()
    const answers = new Map(cluster.topics.map(answer => [answer.topic, answer]))
    for (const topic of topics) {
      const answer = answers.get(topic.name)
      const helped = (answer && topic.learn(answer)) || !topic.isPressing
      topic.answered = number
      topic.isPressing = topic.needed > number
      if (topic.isContradicted && this.#options.isWanted(topic)) this.need(topic)
      topic.unhelpful = helped ? 0 : Math.min(topic.unhelpful + 1, MAX_UNHELPFUL)
      topic.notBefore = helped
        ? 0
        : clock.now() + backoff(topic.unhelpful, retryBackoffMs, retryBackoffMaxMs, () => random)
    }
  }

  #failed(error: unknown, topics: readonly Topic[]): void {
    const { clock, retryBackoffMs, retryBackoffMaxMs } = this.#options
    this.#failures++
    this.#notBefore = clock.now() + backoff(this.#failures, retryBackoffMs, retryBackoffMaxMs)
    this.lastError =
      error instanceof TransportError
        ? error
        : transportError('UNREACHABLE', 'No broker answered a metadata request.', { retriable: true, cause: error })
    for (const topic of topics) if (!this.#options.isWanted(topic)) topic.needed = topic.answered
    if (this.#anyBroker.waiting === 0) this.#anyBroker.needed = this.#anyBroker.answered
  }
}

// Receives request bodies and limits their size, number and time, so that a client that sends slowly, or never ends,
// can't use up memory or the places of other clients.
import type { IncomingMessage } from 'node:http'
import { systemClock } from '../../lib/time/clock.ts'
import { MAX_BODY_BYTES } from './dialects/native/request-body.ts'
import { RequestError } from './request-error.ts'
import { tooManyRequests } from './request-limit.ts'

/** The connection ended before the body was complete, so nobody waits for an answer. */
export class ClientGone extends Error {
  override name = 'ClientGone'
}

interface Receiving {
  readonly since: number
  readonly fail: (error: Error) => void
}

export class BodyReceiver {
  readonly #max: number
  readonly #bodyMs: number
  /** The bodies that are being received, oldest first. */
  readonly #receiving = new Set<Receiving>()

  /** @param max bodies at once; one more replaces the oldest, if that one has been receiving for a tenth of `bodyMs` */
  constructor(max: number, bodyMs: number) {
    this.#max = max
    this.#bodyMs = bodyMs
  }

  /**
   * Reads the whole body of a request.
   * @param onAccepted called before the body is read
   * @throws RequestError `body-too-large` · `too-many-requests` · `request-timeout`
   * @throws ClientGone
   */
  async receive(request: IncomingMessage, onAccepted: () => void): Promise<Buffer> {
    if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge()
    this.#makePlace()
    onAccepted()
    let timer: NodeJS.Timeout | undefined
    let receiving: Receiving | undefined
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        receiving = { since: systemClock.now(), fail: reject }
        this.#receiving.add(receiving)
        timer = setTimeout(() => reject(this.#tooSlow()), this.#bodyMs)
        const chunks: Buffer[] = []
        let size = 0
        request.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size <= MAX_BODY_BYTES) return void chunks.push(chunk)
          chunks.length = 0
          reject(tooLarge())
        })
        request.once('end', () => resolve(Buffer.concat(chunks)))
        request.once('error', () => reject(new ClientGone()))
        request.once('close', () => reject(new ClientGone()))
      })
    } finally {
      clearTimeout(timer)
      if (receiving) this.#receiving.delete(receiving)
      request.removeAllListeners('data')
    }
  }

  #makePlace(): void {
    if (this.#receiving.size < this.#max) return
    const [oldest] = this.#receiving
    if (!oldest || systemClock.now() - oldest.since < this.#bodyMs / 10) throw tooManyRequests(this.#max)
    this.#receiving.delete(oldest)
    oldest.fail(this.#tooSlow())
  }

  #tooSlow(): RequestError {
    return new RequestError(
      'request-timeout',
      `body: expected all of it within ${this.#bodyMs} ms, or sooner while others wait; nothing was stored.`,
    )
  }
}

function tooLarge(): RequestError {
  return new RequestError('body-too-large', `body: expected at most ${MAX_BODY_BYTES} bytes.`)
}

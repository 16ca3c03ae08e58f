// Reads the first object of each failure bucket. Queues are left out, because reading a message would receive it.
import type { ProducerConfig } from '../config/settings.ts'
import type { Unreadable } from '../dead-letter/dead-letter-store.ts'
import { storeKindOf } from '../dead-letter/store-kinds.ts'
import { describeError } from '../errors.ts'
import { openDeadLetterStore } from '../redrive/open-dead-letters.ts'
import { configuredSources, type RedriveSource } from '../redrive/redrive-sources.ts'
import { type Check, failed, ok, type Report, warning } from './check.ts'

const ADVICE = 'Redrive needs s3:ListBucket, s3:GetObject and s3:DeleteObject there, and s3:PutObject under redrive/.'

/** @throws ConfigError if KAFKA_REDRIVE_FROM is invalid */
export async function checkRedriveSources(config: ProducerConfig, report: Report): Promise<void> {
  const sources = configuredSources(config, undefined).filter(source => {
    const { holdsMessages, showsSample } = storeKindOf(source)
    return holdsMessages && !showsSample
  })
  await Promise.all(sources.map(async source => report(await checkSource(source, config))))
}

async function checkSource(source: RedriveSource, config: ProducerConfig): Promise<Check> {
  const name = `redrive from ${storeKindOf(source).describe(source)}`
  const firstRead = new AbortController()
  const unreadable: Unreadable[] = []
  // The content of the records does not matter here.
  const readSourceMessage = {
    queues: [],
    read: () => {
      firstRead.abort()
      return []
    },
  }
  const store = await openDeadLetterStore(source, config, { readSourceMessage })
  try {
    const onUnreadable = (each: Unreadable) => {
      unreadable.push(each)
      firstRead.abort()
    }
    await Array.fromAsync(store.deadLetters({ signal: firstRead.signal, onUnreadable }))
    const [first] = unreadable
    return first ? warning(name, `${first.location}: ${first.reason}`, ADVICE) : ok(name, 'readable')
  } catch (error) {
    return failed(name, describeError(error), ADVICE)
  } finally {
    await store.close().catch(() => undefined)
  }
}

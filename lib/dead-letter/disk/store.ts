// The open dead letters of a folder of segments. Nothing is rewritten: further entries mark dead letters as completed.
import { randomUUID } from 'node:crypto'
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject } from '../../record/json-object.ts'
import type { DeadLetter } from '../dead-letter.ts'
import {
  COMPLETED_MS,
  type Completed,
  LEASE_MS,
  type Lease,
  type OpenDeadLetter,
  type ReadOptions,
  redriveRunning,
  type TargetDeadLetterStore,
} from '../dead-letter-store.ts'
import { deadLetterIn } from '../read-dead-letter.ts'
import type { DeadLetterTargetConfig } from '../target-kinds.ts'
import { readSegment } from './segment.ts'
import { DiskDeadLetterTarget, segmentsOf } from './target.ts'

/** Marks entries as completed by their locations, so that the same dead letter stored again later is open again. */
interface ClosedEntry {
  readonly closed: string
  readonly of: readonly string[]
  readonly location: string
}

interface Segment {
  readonly name: string
  readonly deadLetters: ReadonlyMap<string, DeadLetter>
  readonly closes: readonly string[]
}

/** Without the folder there are no dead letters. */
const NO_LEASE: Lease = { check: async () => {}, renew: async () => {}, release: async () => {} }

export function openStore({ folder }: DeadLetterTargetConfig<'disk'>): DiskDeadLetterStore {
  return new DiskDeadLetterStore(folder)
}

/** The locations of all entries of the dead letter. */
type Handle = readonly string[]

export class DiskDeadLetterStore implements TargetDeadLetterStore<Handle> {
  readonly #folder: string
  readonly #writer: DiskDeadLetterTarget

  constructor(folder: string) {
    this.#folder = folder
    this.#writer = new DiskDeadLetterTarget(folder)
  }

  async *deadLetters(_options?: ReadOptions): AsyncGenerator<OpenDeadLetter<Handle>> {
    yield* this.#open(await this.#segments())
  }

  async find(deadLetter: DeadLetter, location: string): Promise<OpenDeadLetter<Handle>> {
    return { deadLetter, location, verified: true, handle: [location] }
  }

  async complete(completed: readonly Completed<Handle>[]): Promise<void> {
    if (completed.length === 0) return
    await this.#writer.append(
      completed.map(
        ({ open, location }): ClosedEntry => ({
          closed: open.deadLetter.deadLetterId,
          of: open.handle,
          location,
        }),
      ),
    )
  }

  async replace(open: OpenDeadLetter<Handle>, deadLetter: DeadLetter): Promise<void> {
    // One append in this order: if it is torn, both versions are open, and they are read as one.
    await this.#writer.append([
      deadLetter,
      { closed: open.deadLetter.deadLetterId, of: open.handle, location: 'replaced' } satisfies ClosedEntry,
    ])
  }

  async lease(): Promise<Lease> {
    const path = join(this.#folder, 'redrive.lock')
    const holder = randomUUID()
    try {
      await writeFile(path, holder, { flag: 'wx', mode: 0o600 })
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return NO_LEASE
      if (code !== 'EEXIST') throw error
      await takeOver(path, holder)
    }
    const renew = async () => {
      if ((await readFile(path, 'utf8').catch(() => '')) !== holder) throw redriveRunning('folder')
      await utimes(path, new Date(), new Date())
    }
    return { check: renew, renew, release: () => renew().then(() => rm(path, { force: true })) }
  }

  async reserve(): Promise<void> {}

  async close(): Promise<void> {
    await this.#writer.close()
  }

  async #segments(): Promise<Segment[]> {
    const names = await segmentsOf(this.#folder)
    return Promise.all(names.map(async name => toSegment(name, await readFile(join(this.#folder, name)))))
  }

  #open(segments: readonly Segment[]): OpenDeadLetter<Handle>[] {
    const closed = new Set(segments.flatMap(({ closes }) => closes))
    const open = new Map<string, { deadLetter: DeadLetter; locations: string[] }>()
    for (const { deadLetters } of segments) {
      for (const [location, deadLetter] of deadLetters) {
        if (closed.has(location)) continue
        const earlier = open.get(deadLetter.deadLetterId)
        // The order of files proves nothing: the version with the most attempts is the newest.
        const newest =
          earlier && earlier.deadLetter.redrive.count > deadLetter.redrive.count ? earlier.deadLetter : deadLetter
        open.set(deadLetter.deadLetterId, { deadLetter: newest, locations: [...(earlier?.locations ?? []), location] })
      }
    }
    return [...open.values()].map(({ deadLetter, locations }) => ({
      deadLetter,
      location: locations[0] as string,
      verified: deadLetter.claimCheck === null,
      handle: locations,
    }))
  }

  /** Removes segments that are no longer written to, without open dead letters, and on which no other state depends. */
  async tidy(): Promise<void> {
    const segments = await this.#segments()
    const closed = new Set(segments.flatMap(({ closes }) => closes))
    const isOld = await Promise.all(
      segments.map(async ({ name }) => Date.now() - (await stat(join(this.#folder, name))).mtimeMs > COMPLETED_MS),
    )
    let done = segments.filter(
      ({ deadLetters }, index) => isOld[index] && [...deadLetters.keys()].every(location => closed.has(location)),
    )
    const staying = (name: string) =>
      segments.some(segment => segment.name === name) && !done.some(segment => segment.name === name)
    for (let before = -1; before !== done.length; ) {
      before = done.length
      done = done.filter(({ closes }) => !closes.some(location => staying(fileOf(location))))
    }
    for (const { name } of done) await rm(join(this.#folder, name), { force: true })
  }
}

/** Moves an expired lock away, which only one process can do, then takes it. */
async function takeOver(path: string, holder: string): Promise<void> {
  if (Date.now() - (await stat(path)).mtimeMs < LEASE_MS) throw redriveRunning('folder')
  const away = `${path}.${holder}`
  await rename(path, away).catch(() => {
    throw redriveRunning('folder')
  })
  const wasFresh = Date.now() - (await stat(away)).mtimeMs < LEASE_MS
  if (wasFresh) await link(away, path).catch(() => undefined)
  await rm(away, { force: true })
  if (wasFresh) throw redriveRunning('folder')
  await writeFile(path, holder, { flag: 'wx', mode: 0o600 }).catch(() => {
    throw redriveRunning('folder')
  })
}

function toSegment(name: string, bytes: Buffer): Segment {
  const deadLetters = new Map<string, DeadLetter>()
  const closes: string[] = []
  for (const { offset, json } of readSegment(bytes)) {
    const deadLetter = deadLetterIn(json)
    if (deadLetter) deadLetters.set(`disk:${name}#${offset}`, deadLetter)
    else if (isClosed(json)) closes.push(...json.of)
  }
  return { name, deadLetters, closes }
}

function isClosed(json: unknown): json is ClosedEntry {
  return isJsonObject(json) && Array.isArray(json.of)
}

function fileOf(location: string): string {
  return location.slice('disk:'.length, location.lastIndexOf('#'))
}

// The groups of rows that are measured together, and the cluster that each of them needs.
import { bulk } from './bulk.ts'
import { coldAcknowledgements } from './cold-acknowledgement.ts'
import { coldStarts, coldStartsInShares } from './cold-start.ts'
import { httpServers } from './http-server.ts'
import { oneRecord, recordIds } from './library.ts'
import type { Row } from './measure.ts'
import { batches, idempotence, latency, memory, ownWork, thaw, throughput } from './rows.ts'

export interface Group {
  readonly name: string
  readonly rows: readonly string[]
  /** Three brokers, replication factor 3; or one broker without replication. */
  readonly brokers: 1 | 3
  /** @param isSelected whether a row was selected; other rows need not be measured */
  measure(servers: string, isSelected: (row: string) => boolean): Promise<Row[]>
}

/** Selects the curves of bench/growth.ts, which are not rows. */
export const GROWTH = 'growth'

export const GROUPS: readonly Group[] = [
  { name: 'latency', rows: ['B1', 'B2'], brokers: 3, measure: latency },
  { name: 'own-work', rows: ['B3'], brokers: 3, measure: ownWork },
  { name: 'batches', rows: ['B5', 'B6'], brokers: 3, measure: batches },
  { name: 'throughput', rows: ['B7', 'B10'], brokers: 3, measure: throughput },
  { name: 'thaw', rows: ['B16'], brokers: 3, measure: thaw },
  { name: 'memory', rows: ['B17'], brokers: 3, measure: memory },
  { name: 'idempotence', rows: ['B18'], brokers: 3, measure: idempotence },
  { name: 'ids', rows: ['ids-1', 'ids-bulk'], brokers: 3, measure: recordIds },
  { name: 'library', rows: ['library-3'], brokers: 3, measure: servers => oneRecord(servers, 3) },
  { name: 'cold', rows: ['B11', 'B12', 'B12-sqs', 'B12-eb', 'B12-usual', 'B13'], brokers: 3, measure: coldStarts },
  { name: 'cold', rows: ['cold-unbundled', 'cold-bundled'], brokers: 3, measure: coldAcknowledgements },
  { name: 'share', rows: ['share-128', 'share-512'], brokers: 3, measure: coldStartsInShares },
  { name: 'library', rows: ['library-1'], brokers: 1, measure: servers => oneRecord(servers, 1) },
  {
    name: 'http',
    rows: ['http-1', 'http-1-cpu', 'http-8', 'http-32', 'http-64'],
    brokers: 1,
    measure: httpServers,
  },
  { name: 'bulk', rows: ['bulk-100', 'bulk-100-java', 'bulk-1000', 'send-java'], brokers: 1, measure: bulk },
]

/** @returns the names that `--only` accepts: groups and rows */
export function selectable(): string[] {
  return [...new Set([...GROUPS.flatMap(({ name, rows }) => [name, ...rows]), GROWTH])]
}

// The filter in a request of the page. It has the same fields as the filter of a redrive and of the command.
import { ConfigError } from '../../lib/errors.ts'
import { FILTER_FIELDS, parseRedriveRequest } from '../../lib/redrive/redrive-request.ts'
import type { DeadLetterFilter } from '../../lib/redrive/select-dead-letters.ts'

const FLAGS = ['invalid', 'parked']

/**
 * Parses a query string. A field may come several times; `invalid` and `parked` are `true` or `false`.
 * @param others further fields that the query may have
 * @throws ConfigError with every problem
 */
export function filterOf(query: URLSearchParams, others: readonly string[]): DeadLetterFilter {
  const names = [...new Set(query.keys())].filter(name => !others.includes(name))
  return parseFilter(Object.fromEntries(names.map(name => [name, fieldOf(name, query.getAll(name))])))
}

/**
 * Parses the fields of a filter.
 * @throws ConfigError with every problem, e.g. for an unknown field
 */
export function parseFilter(fields: Readonly<Record<string, unknown>>, others: readonly string[] = []) {
  const expected = [...FILTER_FIELDS, ...others]
  const unknown = Object.keys(fields).filter(name => !expected.includes(name))
  if (unknown.length > 0)
    throw new ConfigError(unknown.map(name => `${name}: unknown; expected ${expected.join(', ')}.`))
  return parseRedriveRequest(fields)
}

function fieldOf(name: string, values: readonly string[]): unknown {
  const [only] = values
  if (values.length !== 1) return values
  return FLAGS.includes(name) && (only === 'true' || only === 'false') ? only === 'true' : only
}

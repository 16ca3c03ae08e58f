// Texts for violations: what was expected.
import type { AvroEnum, AvroFixed, AvroPrimitive, AvroRecord, AvroUnion, LogicalType, ValueKind } from './avro-type.ts'
import { branchName } from './union-branches.ts'

const MAX_LISTED = 20

const EXPECTED: Readonly<Record<AvroPrimitive['kind'], string>> = {
  null: 'null',
  boolean: 'boolean',
  int: 'int: a whole number from -2^31 to 2^31 - 1',
  long: 'long: a whole number from -2^63 to 2^63 - 1',
  float: 'float: a number in its range, "NaN", "Infinity" or "-Infinity"',
  double: 'double: a number in its range, "NaN", "Infinity" or "-Infinity"',
  bytes: 'bytes: text of the characters U+0000 to U+00FF',
  string: 'string',
}

const SECOND_DIGITS = { 0: '', 3: '.123', 6: '.123456', 9: '.123456789' } as const

export function expectedOf(type: AvroPrimitive | AvroFixed | AvroEnum | AvroRecord): string {
  switch (type.kind) {
    case 'record':
      return `an object with the fields of ${type.name}`
    case 'enum':
      return listed([...type.symbols.keys()])
    case 'fixed':
      return type.logical ? expectedOfLogical(type.logical) : `${type.size} bytes, as in ${EXPECTED.bytes}`
    default:
      return type.logical ? expectedOfLogical(type.logical) : EXPECTED[type.kind]
  }
}

export function expectedOfUnion(type: AvroUnion, kind: ValueKind | undefined): string {
  const names = listed(type.branches.map(branchName))
  const isAmbiguous = kind !== undefined && type.plain.get(kind) === 'ambiguous'
  return isAmbiguous ? `an object that names one of several branches, as {"<branch>": …}: ${names}` : names
}

function expectedOfLogical(logical: LogicalType): string {
  switch (logical.name) {
    case 'decimal':
      return `a decimal number with at most ${logical.precision} digits, ${logical.scale} of them after the point`
    case 'uuid':
      return 'a UUID'
    case 'duration':
      return '{"months", "days", "millis"}, each from 0 to 2^32 - 1'
    case 'date':
      return '"2026-11-27", or days since 1970'
    case 'time':
      return `"08:30:00${SECOND_DIGITS[logical.digits]}", or ${unitOf(logical.digits)} since midnight`
    default: {
      const zone = logical.name === 'timestamp' ? 'Z' : ''
      const example = `2026-11-27T08:30:00${SECOND_DIGITS[logical.digits]}${zone}`
      return `"${example}", or ${unitOf(logical.digits)} since 1970`
    }
  }
}

function unitOf(digits: number): string {
  return digits === 3 ? 'milliseconds' : digits === 6 ? 'microseconds' : 'nanoseconds'
}

function listed(names: readonly string[]): string {
  const omission = names.length > MAX_LISTED ? ` | … (${names.length})` : ''
  return names.slice(0, MAX_LISTED).join(' | ') + omission
}

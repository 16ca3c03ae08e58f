// Checks the names in a .proto file or descriptor.
import { unusableSchema } from '../unusable-schema.ts'
import { MAX_NAME } from './proto-tokens.ts'

interface Numbered {
  readonly name: string
  readonly number: number
}

interface EnumNames {
  readonly name: string
  readonly value: readonly Numbered[]
  readonly options?: { readonly allowAlias?: boolean } | undefined
}

export function fullName(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`
}

/** @throws SerializationError for a name that is too long */
export function boundedName(name: string): string {
  if (name.length > MAX_NAME) throw unusableSchema(`expected names of at most ${MAX_NAME} characters.`)
  return name
}

/** @throws SerializationError for two fields with the same name or number */
export function checkUnique({ field: fields }: { readonly field: readonly Numbered[] }, scope: string): void {
  const names = new Set(fields.map(({ name }) => name))
  const numbers = new Set(fields.map(({ number }) => number))
  if (names.size < fields.length || numbers.size < fields.length)
    throw unusableSchema(`expected fields with different names and numbers in ${scope}.`)
}

/** @throws SerializationError for two values with the same name, or with the same number without `allow_alias` */
export function checkEnum({ name, value, options }: EnumNames, scope: string): void {
  const full = boundedName(fullName(scope, name))
  const names = new Set(value.map(one => one.name))
  const numbers = new Set(value.map(one => one.number))
  if (names.size < value.length || (numbers.size < value.length && options?.allowAlias !== true))
    throw unusableSchema(`expected values with different names, and numbers unless aliases are allowed, in ${full}.`)
}

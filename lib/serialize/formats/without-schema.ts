import type { JsonObject } from '../../record/json-object.ts'

/** Refuses a schema, which only the format json supports; `true` means no schema. */
export function withoutSchema({ schema = true }: JsonObject, problem: (text: string) => void): void {
  if (schema !== true) problem('value.schema: expected true unless value.format is json')
}

import type { JsonObject } from '../../record/json-object.ts'

/** Only JSON has a schema; `true` stands for none. */
export function withoutSchema({ schema = true }: JsonObject, problem: (text: string) => void): void {
  if (schema !== true) problem('value.schema: expected true unless value.format is json')
}

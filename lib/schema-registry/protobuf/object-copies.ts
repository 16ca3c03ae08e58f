import type { JsonObject } from '../../record/json-object.ts'

/** Returns the new value of a field; undefined leaves the field out. */
export type ReadField = (name: string, value: unknown) => unknown

/** Returns the object itself if `read` changes no field; otherwise a copy, without fields that become undefined. */
export function changedOf(object: JsonObject, read: ReadField): JsonObject {
  let copy: JsonObject | undefined
  for (const name of Object.keys(object)) {
    const before = object[name]
    const value = read(name, before)
    if (value === before && value !== undefined) continue
    copy ??= { ...object }
    if (value === undefined) delete copy[name]
    else setField(copy, name, value)
  }
  return copy ?? object
}

/** Copies an object and reads each field only once, because a getter may return another value each time. */
export function copyOf(object: JsonObject, read: ReadField): JsonObject {
  const copy: JsonObject = {}
  for (const name of Object.keys(object)) {
    const value = read(name, object[name])
    if (value !== undefined) setField(copy, name, value)
  }
  return copy
}

/** A field may have the name __proto__. */
function setField(object: JsonObject, name: string, value: unknown): void {
  if (name !== '__proto__') object[name] = value
  else Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true })
}

// The compact strings and arrays of flexible versions (KIP-482): the length plus one as a varint, or 0 for null.
import { sizeOfUnsignedVarint, writeUnsignedVarint } from '../wire-format/varint.ts'

export function compactString(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([varint(bytes.length + 1), bytes])
}

export function compactArray(elements: readonly Buffer[] | null): Buffer {
  return elements ? Buffer.concat([varint(elements.length + 1), ...elements]) : varint(0)
}

function varint(value: number): Buffer {
  const bytes = Buffer.alloc(sizeOfUnsignedVarint(value))
  writeUnsignedVarint(bytes, 0, value)
  return bytes
}

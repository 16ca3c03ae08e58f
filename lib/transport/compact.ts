// The compact forms of flexible versions (KIP-482): a length is a varint of one more, 0 is null.

export function compactString(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([varint(bytes.length + 1), bytes])
}

export function compactArray(elements: readonly Buffer[] | null): Buffer {
  return elements ? Buffer.concat([varint(elements.length + 1), ...elements]) : varint(0)
}

/** Unsigned. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128)
  return Buffer.from([...bytes, value])
}

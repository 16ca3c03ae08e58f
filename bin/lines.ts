// Reads standard input line by line, byte for byte. node:readline would also split at U+2028 and U+2029, which JSON may
// contain unescaped, and would change bytes that are not UTF-8.

const LINE_END = Buffer.from('\n')

/** @returns lines without their `\n` or `\r\n` */
export async function* readLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const parts: Uint8Array[] = []
  const line = (end: Uint8Array): Buffer => {
    const whole = Buffer.concat([...parts.splice(0), end])
    return whole.toString('latin1', whole.length - 1) === '\r' ? whole.subarray(0, -1) : whole
  }
  for await (const bytes of input) {
    let rest = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let end = rest.indexOf(LINE_END); end >= 0; end = rest.indexOf(LINE_END)) {
      yield line(rest.subarray(0, end))
      rest = rest.subarray(end + LINE_END.length)
    }
    parts.push(rest)
  }
  const last = line(Buffer.alloc(0))
  if (last.length > 0) yield last
}

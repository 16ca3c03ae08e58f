const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/** The lines of a body, byte for byte. Node's readline would also cut at U+2028, and change what is not UTF-8. */
export async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begun: Buffer[] = []
  for await (const chunk of body) {
    let from = 0
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      yield withoutReturn(Buffer.concat([...begun, chunk.subarray(from, to)]))
      begun = []
      from = to + 1
    }
    if (from < chunk.length) begun.push(chunk.subarray(from))
  }
  if (begun.length > 0) yield withoutReturn(Buffer.concat(begun))
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line
}

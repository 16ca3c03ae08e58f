// Request bodies of nearly 5 MiB, each of a kind that is costly to parse for its size.

const BYTES = 5 * 1024 * 1024 - 100

/** As many parts as fit between the two ends. */
function filled(open: string, part: (index: number) => string, close: string): string {
  const parts: string[] = []
  let bytes = open.length + close.length
  for (let index = 0; ; index++) {
    const text = part(index)
    bytes += Buffer.byteLength(text) + 1
    if (bytes > BYTES) return `${open}${parts.join()}${close}`
    parts.push(text)
  }
}

const chatFields = '"room":"a","user":"b","text":"c"'
const record = `{"value":{${chatFields}}}`
const inHeader = (field: string) => `{"value":{${chatFields}},"headers":[{"name":"a",${field}}]}`

/** 500 records, together of the size of a body; each has its fields from `field`. */
function records(field: (index: number) => string): string {
  const bytesPerRecord = Math.floor(BYTES / 500) - 40
  const parts: string[] = []
  let index = 0
  for (let at = 0; at < 500; at++) {
    const fields: string[] = []
    for (let bytes = 0; bytes < bytesPerRecord; bytes += (fields.at(-1)?.length ?? 0) + 1) fields.push(field(index++))
    fields.pop()
    parts.push(`{"value":{${fields.join()}}}`)
  }
  return `{"records":[${parts.join()}]}`
}

export const LARGE_BODIES: Readonly<Record<string, () => string>> = {
  numbers: () => filled('{"value":[', () => '1', ']}'),
  'numbers, after an escaped name': () => filled('{"\\u0076alue":[', () => '1', ']}'),
  'long numbers': () => filled('{"value":[', () => '0.1234567890123456789', ']}'),
  'one number': () => `{"value":${'9'.repeat(BYTES - 10)}}`,
  'one text': () => `{"value":"${'x'.repeat(BYTES - 12)}"}`,
  'one text of brackets': () => `{"value":"${'['.repeat(BYTES - 12)}"}`,
  'one text of escaped quotes': () => `{"value":"${'\\"'.repeat((BYTES - 12) / 2)}"}`,
  'one text of escapes': () => `{"value":"${'\\u0041'.repeat((BYTES - 12) / 6)}"}`,
  'an open text of escaped quotes': () => `{"value":"${'\\"'.repeat((BYTES - 12) / 2)}`,
  'empty objects': () => filled('{"value":[', () => '{}', ']}'),
  'levels of lists': () => `{"value":${'['.repeat(BYTES / 2 - 10)}${']'.repeat(BYTES / 2 - 10)}}`,
  'lists of 90 levels': () => filled('{"value":[', () => `${'['.repeat(90)}${']'.repeat(90)}`, ']}'),
  'names of one object': () => filled(`{"value":{${chatFields},`, index => `"k${index}":1`, '}}'),
  'names of many objects': () =>
    filled('{"value":[', index => `{${Array.from({ length: 100 }, (_, at) => `"k${index * 100 + at}":1`)}}`, ']}'),
  'names with escapes': () => filled(`{"value":{${chatFields},`, index => `"\\u006b${index}":1`, '}}'),
  '499,000 objects and lists': () => `{"value":[${Array(499_000).fill('[]').join()}]}${' '.repeat(1_000_000)}`,
  '49,000 names': () =>
    `{"value":{${Array.from({ length: 49_000 }, (_, index) => `"k${index}":1`).join()}}}${' '.repeat(1_000_000)}`,
  'one name with an escape, many times': () => filled('{"value":[', () => '{"\\u006b":1}', ']}'),
  'one name, many times': () => filled('{"value":{', () => '"k":1', '}}'),
  'one name': () => `{"value":{"${'k'.repeat(BYTES - 20)}":1}}`,
  headers: () => filled(`{"value":{${chatFields}},"headers":[`, () => '{"name":"a","value":""}', ']}'),
  'names of headers': () => filled(`{"value":{${chatFields}},"headers":{`, index => `"h${index}":""`, '}}'),
  'one header of base64': () => inHeader(`"base64":"${'AAAA'.repeat(BYTES / 4 - 30)}"`),
  'one header of base64 with a wrong end': () => inHeader(`"base64":"${'AAAA'.repeat(BYTES / 4 - 30)}!AA="`),
  'one header of text': () => inHeader(`"value":"${'x'.repeat(BYTES - 100)}"`),
  'one name of a header': () =>
    `{"value":{${chatFields}},"headers":[{"name":"${'é'.repeat(BYTES / 2 - 60)}","value":""}]}`,
  'one key': () => `{"value":{${chatFields}},"key":"${'k'.repeat(BYTES - 100)}"}`,
  'records without fields': () => filled('{"records":[', () => '{}', ']}'),
  '500 records with other fields': () => records(index => `"k${index}":1`),
  '500 records with the same fields': () => records(index => `"k${index % 2000}":1`),
  '500 valid records': () =>
    `{"records":[${Array.from({ length: 500 }, () => record.replace('"c"', `"${'c'.repeat(4000)}"`)).join()}]}`,
}

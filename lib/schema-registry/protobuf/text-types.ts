// Checks well-known types whose JSON is a text. Stricter than the package, which accepts 30 February as a day in March.
// https://protobuf.dev/reference/protobuf/google.protobuf/

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|[+-](\d\d):(\d\d))$/
const DURATION = /^-?(\d{1,12})(?:\.\d{1,9})?s$/
const MAX_DURATION_SECONDS = 315_576_000_000

const WRAPPER = /^google\.protobuf\.(?:Bool|Bytes|Double|Float|String|U?Int32|U?Int64)Value$/

/** Whether the message is a wrapper, whose JSON is the value of its only field. */
export function isWrapper(typeName: string): boolean {
  return WRAPPER.test(typeName)
}

interface TextType {
  readonly isValid: boolean
  readonly expected: string
}

/** @returns undefined for a type whose JSON is something else */
export function readTextType(typeName: string, value: unknown): TextType | undefined {
  const text = typeof value === 'string' ? value : ''
  switch (typeName) {
    case 'google.protobuf.Timestamp':
      return { isValid: isTimestamp(text), expected: 'a date and time of RFC 3339, from year 1 to 9999' }
    case 'google.protobuf.Duration':
      return { isValid: isDuration(text), expected: 'seconds such as 1.5s' }
    case 'google.protobuf.FieldMask':
      return { isValid: value === text && isFieldMask(text), expected: 'paths in lowerCamelCase, with commas between' }
    default:
      return undefined
  }
}

function isTimestamp(text: string): boolean {
  const parts = TIMESTAMP.exec(text)
  if (!parts) return false
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offsetHour = 0, offsetMinute = 0] = parts
    .slice(1)
    .map(part => Number(part ?? 0))
  const days = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
  const isDate = year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days
  const isTime = hour <= 23 && minute <= 59 && second <= 59 && offsetHour <= 23 && offsetMinute <= 59
  return isDate && isTime
}

function isDuration(text: string): boolean {
  const seconds = DURATION.exec(text)?.[1]
  return seconds !== undefined && Number(seconds) <= MAX_DURATION_SECONDS
}

function isFieldMask(text: string): boolean {
  return text === '' || text.split(',').every(path => /^[A-Za-z][A-Za-z0-9.]*$/.test(path))
}

// A regular expression for the schedules that EventBridge rules accept. AWS would refuse others only during the
// deployment.
// docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html

const MONTHS = 'JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC'
const DAYS = 'SUN|MON|TUE|WED|THU|FRI|SAT'
const DAY_OF_MONTH = '0?[1-9]|[12]\\d|3[01]'
const DAY_OF_WEEK = `[1-7]|${DAYS}`

/** Matches values, ranges and steps, separated by commas. */
function field(value: string, ...others: string[]): string {
  const item = `(?:(?:\\*|(?:${value})(?:-(?:${value}))?)(?:/[1-9]\\d{0,2})?)`
  return `(?:${[`${item}(?:,${item})*`, ...others].join('|')})`
}

const MINUTES = field('[0-5]?\\d')
const HOURS = field('[01]?\\d|2[0-3]')
const DAYS_OF_MONTH = field(DAY_OF_MONTH, 'L', `(?:${DAY_OF_MONTH}|L)W`)
const MONTHS_OF_YEAR = field(`0?[1-9]|1[0-2]|${MONTHS}`)
const DAYS_OF_WEEK = field(DAY_OF_WEEK, `(?:${DAY_OF_WEEK})?L`, `(?:${DAY_OF_WEEK})#[1-5]`)
const YEARS = field('19[7-9]\\d|2[01]\\d\\d')

const RATE = 'rate\\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9]\\d{1,5}) (?:minutes|hours|days))\\)'
/** One of the two day fields must be `?`. */
const DATES = `(?:${DAYS_OF_MONTH} ${MONTHS_OF_YEAR} \\?|\\? ${MONTHS_OF_YEAR} ${DAYS_OF_WEEK})`

export const SCHEDULE_PATTERN = new RegExp(`^(?:${RATE}|cron\\(${MINUTES} ${HOURS} ${DATES} ${YEARS}\\))$`, 'u')

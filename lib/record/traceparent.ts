const VERSION_0 = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/
/** Versions after 00 may append fields. */
const LATER_VERSION =
  /^(?!00|ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x21-\x7e]{0,256})?$/

/** Whether a text is a valid `traceparent` (www.w3.org/TR/trace-context, section 3.2). */
export function isTraceparent(text: string): boolean {
  return VERSION_0.test(text) || LATER_VERSION.test(text)
}

// One line of the doctor: what was checked, the result, and what to do about it.
export interface Check {
  readonly name: string
  /** `skipped`: the check does not apply, or another check that it depends on failed. */
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped'
  readonly detail: string
  /** What to do; set only for `warning` and `failed`. */
  readonly advice?: string
}

/** Called with each check as soon as its result is known. */
export type Report = (check: Check) => void

export const ok = (name: string, detail: string): Check => ({ name, status: 'ok', detail })
export const skipped = (name: string, detail: string): Check => ({ name, status: 'skipped', detail })
export const failed = (name: string, detail: string, advice: string): Check => ({
  name,
  status: 'failed',
  detail,
  advice,
})
export const warning = (name: string, detail: string, advice: string): Check => ({
  name,
  status: 'warning',
  detail,
  advice,
})

// The connection quotas of Amazon MSK with IAM, per broker, as of 2026-11-26. Operators can raise the number of
// connections with listener.name.client_iam.max.connections; the rate is fixed. Source:
// docs.aws.amazon.com/msk/latest/developerguide/limits.html

export interface MskQuota {
  /** Connections open at the same time. */
  readonly connections: number
  /** New connections per second. MSK refuses more with "Too many connects". */
  readonly perSecond: number
}

const T3_SMALL: MskQuota = { connections: 300, perSecond: 4 }
const M_CLASS: MskQuota = { connections: 3000, perSecond: 100 }

/** @param instance e.g. kafka.t3.small, kafka.m7g.large */
export function mskQuotaOf(instance: string): MskQuota {
  return instance === 'kafka.t3.small' ? T3_SMALL : M_CLASS
}

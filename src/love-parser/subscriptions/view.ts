import type { Category, PlanCode } from './plans.ts'

/** A person's plan as every part of the family shows it (love-parser §3, §6). */
export interface SubscriptionView {
  current:
    | { id: string; planCode: string | null; planName: string | null; startedAt: Date; expiresAt: Date }
    | undefined
  active: boolean
  status: 'active' | 'expired'
  plan: PlanCode
  renewalStatus: 'expired' | 'auto' | 'manual'
  autoRenewal: boolean
  limits: Record<Category, { limit: number; used: number; resetsAt: Date | null }>
}

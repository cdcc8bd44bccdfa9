import { principalIdOf } from '../../access/dashboard.ts'
import type { Role, SubscriberRow } from '../../access/subscribers.ts'
import { forbidden } from '../../errors.ts'
import type { Principal } from '../../platform/http/family.ts'

const RANK: Record<Role, number> = { user: 0, admin: 1, superadmin: 2 }

const mayAll = (actor: Principal) => actor.kind === 'service' || actor.role === 'superadmin'
const refuse = () => forbidden('This needs a superadmin')

/**
 * What an admin's Bearer may not do (gifty §1.1); a superadmin and the service token may do everything. The target is looked up first,
 * but a refusal comes before its 404, so that an admin learns nothing of others.
 * @throws AppError 403
 */
export const requireOwnOrSuperadmin = (actor: Principal, target: SubscriberRow | undefined): void => {
  if (!mayAll(actor) && (!target || principalIdOf(target.id) !== actor.id)) throw refuse()
}
/** Own role only, and not upwards. @throws AppError 403 */
export const requireRoleChange = (actor: Principal, target: SubscriberRow | undefined, role: Role): void => {
  requireOwnOrSuperadmin(actor, target)
  if (!mayAll(actor) && target && RANK[role] > RANK[target.role]) throw refuse()
}
/** @throws AppError 403 */
export const requireSuperadmin = (actor: Principal): void => {
  if (!mayAll(actor)) throw refuse()
}

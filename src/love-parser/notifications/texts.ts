/** What people are told, and the facts each text needs (love-parser §8). */
export interface TemplateFacts {
  SUBSCRIPTION_EXPIRING: { plan_name: string; expires_at: string }
  PAYMENT_PENDING_REMINDER: { order_id: string; plan_name: string; amount: string }
  DATA_REMOVAL: { searches: number; segments: number }
}
export type Template = keyof TemplateFacts

/** `2026-03-01T09:30:00.000Z` as `01.03.2026 09:30 UTC`. */
const shownTime = (iso: string): string => {
  const [, year, month, day, time] = /^(\d+)-(\d\d)-(\d\d)T(\d\d:\d\d)/.exec(iso) ?? []
  return `${day}.${month}.${year} ${time} UTC`
}

const TEXTS: { [T in Template]: (facts: TemplateFacts[T]) => string } = {
  SUBSCRIPTION_EXPIRING: ({ plan_name, expires_at }) =>
    `Подписка «${plan_name}» закончится ${shownTime(expires_at)}. Продлите её, чтобы не потерять доступ к поиску и аудиториям.`,
  PAYMENT_PENDING_REMINDER: ({ order_id, plan_name, amount }) =>
    `Заказ № ${order_id} ждёт оплаты: подписка «${plan_name}», ${amount.replace('.', ',')} ₽. Неоплаченный заказ отменится через сутки после создания.`,
  DATA_REMOVAL: ({ searches, segments }) =>
    `Подписка закончилась более двух суток назад, поэтому ваши данные удалены. Поисков: ${searches}, сегментов: ${segments}.`,
}

/** The text of a template for a person to read. */
export const messageOf = <T extends Template>(template: T, facts: TemplateFacts[T]): string => TEXTS[template](facts)

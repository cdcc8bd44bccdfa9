/** The last day, in the account's zone, that each reminder was given for. */
export type RemindedDays = Partial<Record<'today' | 'overdue' | 'tomorrow', string>>

export const BATCH: number
export const CONNECTIONS: number
export const drain: <Job>(
  count: number,
  take: (max: number) => Promise<Job[]>,
  complete: (jobs: Job[]) => Promise<unknown>,
) => Promise<{ ms: number }>
export const payload: (n: number) => Record<string, unknown>
export const contest: (contestant: {
  fill(count: number): Promise<object>
  run(count: number): Promise<{ ms: number }>
  close(): Promise<unknown>
}) => Promise<void>

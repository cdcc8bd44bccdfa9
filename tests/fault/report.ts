/** One line of the fault suite's table. `recoveryMs` is how long after the fault was over the first request was answered again. */
export interface FaultRow {
  test: string
  /** What was done, and how often. */
  faults: string
  /** Writes that were answered as stored. */
  acknowledged: number
  /** Answered writes that are not there at the end. */
  lost: number
  /** Effects that are there twice. */
  duplicated: number
  recoveryMs?: number
}

/** Prints the line; `.ci/run` gathers those of a run into one table. */
export const reportFault = ({ test, faults, acknowledged, lost, duplicated, recoveryMs }: FaultRow): void => {
  const cells = [test, faults, acknowledged, lost, duplicated, recoveryMs === undefined ? '-' : `${Math.round(recoveryMs)} ms`]
  console.log(`fault | ${cells.join(' | ')}`)
}

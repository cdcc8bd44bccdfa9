/** argon2id with what OWASP asks for at least: several at once must not take the memory that a whole process should need. */
const COST = { algorithm: 'argon2id', memoryCost: 19_456, timeCost: 2 } as const
/** The hash of a password nobody knows, at the same cost: checking it takes as long as checking a real one. */
const DECOY =
  '$argon2id$v=19$m=19456,t=2,p=1$LrmBzlWrWP197ROotKOI86pkGe8iO5pXpiNaTj+2l2Q$Fm2lE/zAW3ih4bkkzyasOt+AaftBbXBzUgjO+GACt7E'

/** Hashes an invite's password on a thread of the runtime's pool: the event loop goes on. */
export const hashPassword = (password: string): Promise<string> => Bun.password.hash(password, COST)

/** Whether the password is the hash's; without a hash false, after the same work. */
export const verifyPassword = async (password: string, hash: string | null): Promise<boolean> => {
  const same = await Bun.password.verify(password, hash ?? DECOY)
  return same && hash !== null
}

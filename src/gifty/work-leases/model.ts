import { absent, integer, text } from '../fields.ts'

/** Query or body fields of every `tasks` endpoint that leases (gifty §5, Leases). */
export const leaseFields = {
  worker_id: text(1, 128).nullish(),
  lease_seconds: absent(integer(5, 3600), 900),
}

import { parseArgs } from 'node:util'
import { robokassaFromProcess } from '../config.ts'
import { hundredthsOf, ROBOKASSA_HASHES, type RobokassaHash, signNotification } from '../platform/robokassa.ts'
import { CommandError, DEFAULT_SERVER, EXIT, type Io, serverOrigin, UsageError } from './io.ts'

const FORMATS = ['form', 'json', 'url'] as const
const PATH = '/api/v1/subscriptions/webhook/robokassa'

export const help = `Usage: trawl robokassa sign --inv-id N --sum 950.00 [options]

Prints the notification that Robokassa would send for a paid order, correctly signed. Passwords come from ROBOKASSA_PASSWORD2, or
ROBOKASSA_TEST_PASSWORD2 with --test, and are never printed. With no ROBOKASSA_ variable set, --test signs for the shop of bun dev.

  --inv-id N        the order_id of the purchase
  --sum AMOUNT      what was paid, as it is to be sent
  --hash NAME       ${ROBOKASSA_HASHES.join(', ')}; default ROBOKASSA_HASH or sha256
  --shp NAME=VALUE  a parameter of the shop (Shp_NAME); may be repeated
  --test            a test payment
  --format FORMAT   form (default), json: a body for curl --data; url: a whole address for GET
  --server URL      of the url, default ${DEFAULT_SERVER}

  curl --data "$(trawl robokassa sign --inv-id 1 --sum 950.00)" ${DEFAULT_SERVER}${PATH}
`

const oneOf = <const T extends readonly string[]>(name: string, text: string, known: T): T[number] => {
  if (!known.includes(text)) throw new UsageError(`--${name} must be one of ${known.join(', ')}`)
  return text
}

/** `name=value` of the command line as a parameter of the shop. */
const shopParameter = (text: string): [string, string] => {
  const split = text.indexOf('=')
  if (split < 1) throw new UsageError(`--shp must be NAME=VALUE, not "${text}"`)
  const name = text.slice(0, split)
  return [name.startsWith('Shp_') ? name : `Shp_${name}`, text.slice(split + 1)]
}

/** `trawl robokassa sign` */
export const run = async (args: string[], io: Io): Promise<number> => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'inv-id': { type: 'string' },
      sum: { type: 'string' },
      hash: { type: 'string' },
      shp: { type: 'string', multiple: true, default: [] },
      test: { type: 'boolean', default: false },
      format: { type: 'string', default: 'form' },
      server: { type: 'string', default: DEFAULT_SERVER },
    },
  })
  if (positionals.length !== 1 || positionals[0] !== 'sign') throw new UsageError('the only action is sign')
  const { 'inv-id': invId = '', sum: outSum = '' } = values
  if (!/^\d+$/.test(invId)) throw new UsageError('--inv-id must be the number of an order')
  if (hundredthsOf(outSum) === undefined) throw new UsageError('--sum must be an amount such as 950.00')
  const format = oneOf('format', values.format, FORMATS)
  const server = serverOrigin(values.server)
  const shp = values.shp.map(shopParameter)
  const given = values.hash === undefined ? undefined : oneOf('hash', values.hash, ROBOKASSA_HASHES)

  const config = robokassaFromProcess()
  const hash: RobokassaHash = given ?? config.hash
  const password = (values.test ? config.testPasswords : config.passwords).notification
  if (password === '') throw new CommandError(`ROBOKASSA_${values.test ? 'TEST_' : ''}PASSWORD2 is not set`)

  const fields: Record<string, string> = {
    OutSum: outSum,
    InvId: invId,
    SignatureValue: signNotification(hash, { outSum, invId, shp }, password),
    ...(config.merchantLogin === '' ? {} : { MerchantLogin: config.merchantLogin }),
    ...(values.test ? { IsTest: '1' } : {}),
    ...Object.fromEntries(shp),
  }
  const form = new URLSearchParams(fields).toString()
  const printed = { form, json: JSON.stringify(fields), url: `${server}${PATH}?${form}` }
  io.out(`${printed[format]}\n`)
  return EXIT.ok
}

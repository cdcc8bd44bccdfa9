import { describe, expect, test } from 'bun:test'
import { DEVELOPMENT_SHOP } from '../../src/config.ts'
import { CLI, runHere } from './rig.ts'

const PASSWORDS = { ROBOKASSA_PASSWORD2: 'pw2', ROBOKASSA_TEST_PASSWORD2: 'a-test-secret' }
const spawn = (argv: string[], env: Record<string, string> = PASSWORDS) => {
  const done = Bun.spawnSync([process.execPath, CLI, 'robokassa', ...argv], { env: { ...process.env, ...env } })
  return { code: done.exitCode, out: done.stdout.toString(), err: done.stderr.toString() }
}

describe('trawl robokassa sign', () => {
  test('love-parser §11.19: prints a form body with the golden signature', () => {
    expect(spawn(['sign', '--inv-id', '1', '--sum', '950.000000'])).toEqual({
      code: 0,
      out: 'OutSum=950.000000&InvId=1&SignatureValue=f5a0dac16e9fd95f6d7877967673fc066ab1155c10a4244a955ef2110a7ad8a4\n',
      err: '',
    })
    const { out } = spawn(['sign', '--inv-id', '1', '--sum', '950.000000', '--shp', 'b=2', '--shp', 'Shp_a=1'])
    expect(out).toContain('SignatureValue=943b8eaf48ebed1a65bb857a99694d7028c3ee7d74ca7176f5b76108c6e46c49&Shp_b=2&Shp_a=1')
  })

  test('json and url say the same, a test payment is marked, another hash is used when asked for', () => {
    const env = { ...PASSWORDS, ROBOKASSA_MERCHANT_LOGIN: 'demo' }
    const { out } = spawn(['sign', '--inv-id', '7', '--sum', '450', '--test', '--hash', 'md5', '--format', 'json'], env)
    expect(JSON.parse(out)).toEqual({
      OutSum: '450',
      InvId: '7',
      SignatureValue: new Bun.CryptoHasher('md5').update('450:7:a-test-secret').digest('hex'),
      MerchantLogin: 'demo',
      IsTest: '1',
    })
    const address = new URL(
      spawn(['sign', '--inv-id', '7', '--sum', '450', '--format', 'url', '--server', 'http://localhost:8']).out,
    )
    expect(address.href).toStartWith(
      'http://localhost:8/api/v1/subscriptions/webhook/robokassa?OutSum=450&InvId=7&SignatureValue=',
    )
  })

  test('never prints a password, and says which is missing', () => {
    const { out, err } = spawn(['sign', '--inv-id', '7', '--sum', '450', '--test'])
    expect(out + err).not.toContain('a-test-secret')
    const mine = { ROBOKASSA_MERCHANT_LOGIN: 'mine' }
    expect(spawn(['sign', '--inv-id', '7', '--sum', '450'], mine)).toMatchObject({
      code: 3,
      err: 'trawl robokassa: ROBOKASSA_PASSWORD2 is not set\n',
    })
    expect(spawn(['sign', '--inv-id', '7', '--sum', '450', '--test'], mine).err).toContain('ROBOKASSA_TEST_PASSWORD2')
  })

  test('without a shop of its own it signs test payments of that of `bun dev`', () => {
    const { ROBOKASSA_TEST_PASSWORD2: password } = DEVELOPMENT_SHOP
    const { out } = spawn(['sign', '--inv-id', '7', '--sum', '450', '--test'], {})
    const signature = new Bun.CryptoHasher('sha256').update(`450:7:${password}`).digest('hex')
    expect(out).toBe(`OutSum=450&InvId=7&SignatureValue=${signature}&MerchantLogin=demo&IsTest=1\n`)
  })

  for (const argv of [
    ['sign'],
    ['pay', '--inv-id', '1', '--sum', '1'],
    ['sign', '--inv-id', 'x', '--sum', '1'],
    ['sign', '--inv-id', '1', '--sum', '1e3'],
    ['sign', '--inv-id', '1', '--sum', '1', '--hash', 'crc32'],
    ['sign', '--inv-id', '1', '--sum', '1', '--format', 'xml'],
    ['sign', '--inv-id', '1', '--sum', '1', '--shp', 'a'],
  ])
    test(`${argv.join(' ')} is wrong usage`, async () => {
      const { code, err } = await runHere('.', ['robokassa', ...argv])
      expect([code, err.includes('Usage: trawl robokassa')]).toEqual([2, true])
    })
})

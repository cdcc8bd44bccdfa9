import { createConnection } from 'node:net'
import type { Answered } from './judge.ts'
import type { Made } from './requests.ts'

const WITHIN_MS = 20_000

/**
 * A GET over a socket of its own, because only a real server can answer 101. `upgrade` asks for a WebSocket; the connection is closed
 * once the head, and a body of its content-length, have come.
 */
export const askSocket = (origin: string, { path, headers }: Made, upgrade: boolean): Promise<Answered> => {
  const { port, host } = new URL(origin)
  const fields: Record<string, string> = {
    host,
    ...(upgrade
      ? {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        }
      : {}),
    ...Object.fromEntries(
      // These two would say where the request ends, which for a GET without a body is at its head.
      Object.entries(headers).filter(([name]) => name !== 'content-length' && name !== 'transfer-encoding'),
    ),
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value.replace(/[\r\n]/g, ' ')}`)
  return new Promise((resolve, reject) => {
    const socket = createConnection(Number(port), '127.0.0.1')
    const timer = setTimeout(() => socket.destroy(new Error('no answer')), WITHIN_MS)
    let seen = Buffer.alloc(0)
    const done = (answer: Answered) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    socket.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    socket.on('close', () => {
      clearTimeout(timer)
      reject(new Error(`closed after ${seen.toString('latin1').slice(0, 200)}`))
    })
    socket.on('connect', () => socket.write(Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1')))
    socket.on('data', (part: Buffer) => {
      seen = Buffer.concat([seen, part])
      // The answer comes after what `Expect: 100-continue` asked for.
      while (seen.toString('latin1', 0, 12) === 'HTTP/1.1 100' && seen.includes('\r\n\r\n'))
        seen = seen.subarray(seen.indexOf('\r\n\r\n') + 4)
      const end = seen.indexOf('\r\n\r\n')
      if (end < 0) return
      const [first = '', ...rest] = seen.subarray(0, end).toString('latin1').split('\r\n')
      const status = Number(first.split(' ')[1])
      const answered = new Headers(
        rest.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
      )
      const body = seen.subarray(end + 4)
      if (status === 101) return done({ status, headers: answered, text: '' })
      if (body.length >= Number(answered.get('content-length') ?? 0))
        done({ status, headers: answered, text: body.toString('utf8') })
    })
  })
}

import { connect } from 'node:net'

export interface RawAnswer {
  status: number
  head: string
  body: string
}

/**
 * Sends exactly `text` over a socket of its own and reads one answer: for what fetch would not send. The socket stays open for as long
 * as the answer takes, so a server that waits for a body it was promised would time the test out.
 */
export const rawHttp = (origin: string, text: string): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(origin)
    let got = Buffer.alloc(0)
    const socket = connect(Number(port), hostname, () => socket.write(text))
    const tryAnswer = (ended: boolean) => {
      const end = got.indexOf('\r\n\r\n')
      if (end < 0) return
      const head = got.subarray(0, end).toString('latin1')
      const status = Number(head.split(' ')[1])
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? Number.NaN)
      const body = got.subarray(end + 4)
      const chunked = /^transfer-encoding: *chunked/im.test(head)
      const whole = status === 101 || (chunked ? body.includes('0\r\n\r\n') : !Number.isNaN(length) && body.length >= length)
      if (!whole && !ended) return
      socket.destroy()
      resolve({ status, head, body: body.toString('utf8') })
    }
    socket.on('data', (data: Buffer) => {
      got = Buffer.concat([got, data])
      tryAnswer(false)
    })
    socket.on('error', reject)
    socket.on('close', () => tryAnswer(true))
  })

/** A request line and headers, ended. */
export const rawHead = (line: string, headers: Record<string, string>) =>
  `${line} HTTP/1.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`

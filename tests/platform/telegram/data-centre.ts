import { createHash } from 'node:crypto'
import { BunCryptoProvider } from '@mtcute/bun'
import type { tl } from '@mtcute/core'
import { __tlWriterMap } from '@mtcute/tl/binary/writer.js'
import { TlBinaryWriter } from '@mtcute/tl-runtime'
import type { Socket } from 'bun'

const RPC_RESULT = 0xf35c6d01
const CONTAINER = 0x73f1f8dc
const GZIPPED = 0x3072cfa1
const TAG_BYTES = 4

const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
const authKeyId = (key: Uint8Array) => createHash('sha1').update(key).digest().subarray(-8)
const aes = (authKey: Uint8Array, messageKey: Uint8Array, x: 0 | 8) => {
  const a = sha256(messageKey, authKey.subarray(x, x + 36))
  const b = sha256(authKey.subarray(40 + x, 76 + x), messageKey)
  const key = Buffer.concat([a.subarray(0, 8), b.subarray(8, 24), a.subarray(24, 32)])
  const iv = Buffer.concat([b.subarray(0, 8), a.subarray(8, 24), b.subarray(24, 32)])
  return crypto.createAesIge(key, iv)
}
const crypto = new BunCryptoProvider()

/** The bytes that name a method on the wire. */
const idOf = (sample: tl.RpcMethod) => Buffer.from(TlBinaryWriter.serializeObject(__tlWriterMap, sample as any).subarray(0, 4))

export interface DataCentre {
  port: number
  /** Methods asked, in order. */
  asked: string[]
  /** Connections opened so far. */
  connections(): number
  /** Drops every connection, as a network does. */
  drop(): void
  stop(): void
}

/** What a data centre answers; `sample` is any request of the method, for its bytes on the wire. `undefined` is silence. */
export type Answers = { sample: tl.RpcMethod; answer: () => object | undefined }[]

interface Peer {
  buffer: Buffer
  sequence: number
}

/**
 * A Telegram data centre as far as a client with an agreed key can tell: TCP, intermediate framing, MTProto 2.0 encryption, containers
 * and RPC results, by Telegram's public description. No handshake: that would need Telegram's private key.
 */
export const startDataCentre = async (authKey: Uint8Array, answers: Answers): Promise<DataCentre> => {
  await crypto.initialize()
  const asked: string[] = []
  const sockets = new Set<Socket<Peer>>()
  let connections = 0
  let lastId = 0n
  const methods = answers.map(({ sample, answer }) => ({ name: sample._, id: idOf(sample), answer }))

  const send = (socket: Socket<Peer>, session: Uint8Array, body: Uint8Array) => {
    const now = (BigInt(Math.floor(Date.now() / 1000)) << 32n) | 1n
    lastId = now > lastId ? now : lastId + 4n
    const length = 32 + body.length
    const plain = Buffer.alloc(length + 12 + ((16 - ((length + 12) % 16)) % 16))
    plain.set(session, 8)
    plain.writeBigInt64LE(lastId, 16)
    plain.writeInt32LE(socket.data.sequence, 24)
    socket.data.sequence += 2
    plain.writeInt32LE(body.length, 28)
    plain.set(body, 32)
    const messageKey = sha256(authKey.subarray(96, 128), plain).subarray(8, 24)
    const packet = Buffer.concat([authKeyId(authKey), messageKey, aes(authKey, messageKey, 8).encrypt(plain)])
    const frame = Buffer.alloc(4 + packet.length)
    frame.writeUInt32LE(packet.length)
    frame.set(packet, 4)
    socket.write(frame)
  }

  const onMessage = (socket: Socket<Peer>, session: Uint8Array, id: Uint8Array, raw: Buffer): void => {
    if (raw.readUInt32LE() === CONTAINER) {
      for (let at = 8, left = raw.readUInt32LE(4); left > 0; left--) {
        const length = raw.readUInt32LE(at + 12)
        onMessage(socket, session, raw.subarray(at, at + 8), raw.subarray(at + 16, at + 16 + length))
        at += 16 + length
      }
      return
    }
    const body = raw.readUInt32LE() === GZIPPED ? Buffer.from(crypto.gunzip(bytesOf(raw.subarray(4)))) : raw
    // A query stands at the end of what initialises the connection, so it is looked for and not only read at the start.
    const method = methods.find((candidate) => body.includes(candidate.id))
    if (!method) return
    asked.push(method.name)
    const answer = method.answer()
    if (!answer) return
    const head = Buffer.alloc(4)
    head.writeUInt32LE(RPC_RESULT)
    send(socket, session, Buffer.concat([head, id, TlBinaryWriter.serializeObject(__tlWriterMap, answer as any)]))
  }

  const onPacket = (socket: Socket<Peer>, packet: Buffer) => {
    if (!packet.subarray(0, 8).equals(authKeyId(authKey))) throw new Error('a packet under another key')
    const plain = Buffer.from(aes(authKey, packet.subarray(8, 24), 0).decrypt(packet.subarray(24)))
    const expected = sha256(authKey.subarray(88, 120), plain).subarray(8, 24)
    if (!packet.subarray(8, 24).equals(expected)) throw new Error('a packet that was changed on the way')
    onMessage(socket, plain.subarray(8, 16), plain.subarray(16, 24), plain.subarray(32, 32 + plain.readInt32LE(28)))
  }

  const server = Bun.listen<Peer>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(socket) {
        connections++
        socket.data = { buffer: Buffer.alloc(0), sequence: 1 }
        sockets.add(socket)
      },
      close: (socket) => void sockets.delete(socket),
      data(socket, chunk) {
        const peer = socket.data
        peer.buffer = Buffer.concat([peer.buffer, chunk])
        if (peer.buffer.length >= TAG_BYTES && peer.buffer.readUInt32LE() === 0xeeeeeeee)
          peer.buffer = peer.buffer.subarray(TAG_BYTES)
        while (peer.buffer.length >= 4 && peer.buffer.length >= 4 + peer.buffer.readUInt32LE()) {
          const length = peer.buffer.readUInt32LE()
          const packet = peer.buffer.subarray(4, 4 + length)
          peer.buffer = peer.buffer.subarray(4 + length)
          onPacket(socket, packet)
        }
      },
    },
  })
  const drop = () => {
    for (const socket of sockets) socket.terminate()
  }
  return {
    port: server.port,
    asked,
    connections: () => connections,
    drop,
    stop() {
      drop()
      server.stop(true)
    },
  }
}

/** A TL byte string: its length in one byte, or in three after 254. */
const bytesOf = (raw: Buffer): Buffer => {
  const short = raw[0] as number
  return short < 254 ? raw.subarray(1, 1 + short) : raw.subarray(4, 4 + raw.readUIntLE(1, 3))
}

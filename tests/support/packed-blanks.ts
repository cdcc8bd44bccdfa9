import { constants, createBrotliCompress } from 'node:zlib'

const BLOCK_BYTES = 16 * 1024 * 1024

/** `gigabytes` of blanks, packed: brotli writes a few kilobytes of them. */
export const packedBlanks = async (gigabytes: number): Promise<Uint8Array<ArrayBuffer>> => {
  const packer = createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1, [constants.BROTLI_PARAM_LGWIN]: 24 } })
  const parts: Uint8Array[] = []
  packer.on('data', (part) => parts.push(part))
  const ended = new Promise((resolve) => packer.on('end', resolve))
  const block = Buffer.alloc(BLOCK_BYTES, ' ')
  for (let n = 0; n < gigabytes * 64; n++)
    await new Promise<void>((resolve, reject) => packer.write(block, (error) => (error ? reject(error) : resolve())))
  packer.end()
  await ended
  return new Uint8Array(Buffer.concat(parts))
}

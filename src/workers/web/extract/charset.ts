const BOMS: [number[], string][] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
]

const decoder = (label: string | undefined) => {
  if (!label) return undefined
  try {
    return new TextDecoder(label.trim())
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined // an unknown label: try the next source
    throw error
  }
}

/**
 * Decodes a page the way browsers do: byte order mark, `Content-Type` charset, then the document's own declaration (meta, XML
 * declaration), else UTF-8. Malformed bytes become U+FFFD.
 */
export const decodePage = (bytes: Uint8Array, contentType: string): string => {
  for (const [bom, label] of BOMS) if (bom.every((byte, index) => bytes[index] === byte)) return decoder(label)!.decode(bytes)
  const declared = decoder(/charset\s*=\s*["']?([^\s"';]+)/i.exec(contentType)?.[1])
  if (declared) return declared.decode(bytes)
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 4096))
  const label =
    /<meta[^>]+charset\s*=\s*["']?([\w-]+)/i.exec(head)?.[1] ?? /^\s*<\?xml[^>]+encoding\s*=\s*["']([\w-]+)/i.exec(head)?.[1]
  // A declaration that was readable as ASCII cannot stand in a UTF-16 document.
  const meta = /^utf-?16/i.test(label ?? '') ? undefined : decoder(label)
  return (meta ?? new TextDecoder()).decode(bytes)
}

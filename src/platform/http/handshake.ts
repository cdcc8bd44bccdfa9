/** A nonce of 16 bytes in base64 (RFC 6455 §4.1). */
const KEY = /^[A-Za-z0-9+/]{22}==$/

/**
 * Whether a request asks for a WebSocket as RFC 6455 §4.1 has it. What does not, Bun refuses in words of its own, or with a bare head:
 * a family that asks here first can refuse in its envelope.
 */
export const isHandshake = ({ headers }: Request): boolean =>
  headers.get('upgrade')?.toLowerCase() === 'websocket' &&
  headers.get('sec-websocket-version') === '13' &&
  KEY.test(headers.get('sec-websocket-key') ?? '')

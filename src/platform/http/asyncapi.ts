import type { z } from 'zod'
import { createSchemaWriter, exampleOf, type Json } from './schema.ts'

/** A kind of message of a channel. Its example is the schema's own, or made of those of its parts. */
export interface ChannelMessage {
  /** Unique in the document. */
  name: string
  summary: string
  payload: z.ZodType
}
/** Something that is no request with one answer: a socket, a stream of events, a queue. */
export interface Channel {
  /** Unique in the document. */
  name: string
  /** Path, with parameters as `{id}`, or name of the queue. */
  address: string
  protocol: 'ws' | 'sse' | 'amqp'
  title: string
  description: string
  /** What each parameter of the address means. */
  parameters?: Record<string, string>
  /** Query parameters of the request that opens it. */
  query?: z.ZodType
  /** Names of the credentials of which any opens it. */
  security?: string[]
  /** What the server sends. */
  sends?: ChannelMessage[]
  /** What the server takes. */
  takes?: ChannelMessage[]
}

const SERVERS = {
  ws: { host: 'localhost:3000', protocol: 'ws', description: 'The server itself; `wss` behind a proxy that ends TLS' },
  sse: { host: 'localhost:3000', protocol: 'http', description: 'The server itself: server-sent events' },
  amqp: { host: 'localhost:5672', protocol: 'amqp', description: 'The broker of `AMQP_URL`, where one is configured' },
} satisfies Record<Channel['protocol'], object>

/** Durable queues without arguments, persistent messages. */
const queueBindings = (name: string) => ({
  amqp: { is: 'queue', queue: { name, durable: true, exclusive: false, autoDelete: false, vhost: '/' }, bindingVersion: '0.3.0' },
})

/** AsyncAPI names the property of a discriminator, OpenAPI has an object. */
const asAsyncSchema = (schema: any): any => {
  if (Array.isArray(schema)) return schema.map(asAsyncSchema)
  if (typeof schema !== 'object' || schema === null) return schema
  return Object.fromEntries(
    Object.entries<any>(schema).map(([key, value]) => [
      key,
      key === 'examples' ? value : key === 'discriminator' && value?.propertyName ? value.propertyName : asAsyncSchema(value),
    ]),
  )
}
const ref = (path: string) => ({ $ref: `#/${path}` })

/**
 * The AsyncAPI 3.0 document of channels, from the schemas that check or make their messages. `security` are the credentials as the
 * OpenAPI document has them.
 */
export const describeChannels = (info: Json, channels: readonly Channel[], security: Record<string, Json>): Json => {
  const { components: schemas, write } = createSchemaWriter()
  const messages: Json = {}
  const operations: Json = {}
  const described: Json = {}
  const used = new Set<string>()

  const add = (channel: Channel, { name, summary, payload }: ChannelMessage, isSent: boolean) => {
    if (messages[name]) throw new Error(`two messages are called ${name}`)
    const schema = write(payload, isSent ? 'output' : 'input')
    const example = exampleOf(schema, schemas)
    messages[name] = {
      name,
      summary,
      contentType: 'application/json',
      payload: schema,
      ...(example === undefined ? {} : { examples: [{ name: 'example', payload: example }] }),
    }
    described[channel.name].messages[name] = ref(`components/messages/${name}`)
  }
  for (const channel of channels) {
    const { name, address, protocol, title, description, parameters = {}, query, sends = [], takes = [] } = channel
    for (const scheme of channel.security ?? []) used.add(scheme)
    described[name] = {
      address,
      title,
      description,
      servers: [ref(`servers/${protocol}`)],
      ...(Object.keys(parameters).length === 0
        ? {}
        : { parameters: Object.fromEntries(Object.entries(parameters).map(([key, text]) => [key, { description: text }])) }),
      messages: {},
      ...(protocol === 'amqp' ? { bindings: queueBindings(address) } : {}),
      ...(query && protocol === 'ws'
        ? {
            bindings: {
              ws: { query: createSchemaWriter({ asRead: true }).write(query, 'input'), bindingVersion: '0.1.0' },
            },
          }
        : {}),
    }
    for (const [action, list] of [
      ['send', sends],
      ['receive', takes],
    ] as const) {
      if (list.length === 0) continue
      for (const message of list) add(channel, message, action === 'send')
      operations[`${action}${name[0]?.toUpperCase()}${name.slice(1)}`] = {
        action,
        channel: ref(`channels/${name}`),
        title: action === 'send' ? `What the server sends: ${title}` : `What the server takes: ${title}`,
        ...(channel.security ? { security: channel.security.map((scheme) => ref(`components/securitySchemes/${scheme}`)) } : {}),
        messages: list.map((message) => ref(`channels/${name}/messages/${message.name}`)),
      }
    }
  }
  return asAsyncSchema({
    asyncapi: '3.0.0',
    info,
    defaultContentType: 'application/json',
    servers: SERVERS,
    channels: described,
    operations,
    components: {
      messages,
      schemas,
      securitySchemes: Object.fromEntries(
        [...used].map((scheme) => {
          const { type, ...rest } = security[scheme] as Json
          return [scheme, { type: type === 'apiKey' ? 'httpApiKey' : type, ...rest }]
        }),
      ),
    },
  })
}

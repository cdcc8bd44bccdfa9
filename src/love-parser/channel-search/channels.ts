import type { Channel } from '../../platform/http/asyncapi.ts'
import { snapshotView } from './model.ts'

/** The progress of a search (love-parser §4). */
export const searchChannels: Channel[] = [
  {
    name: 'searchProgress',
    address: '/api/v1/parsing/{search_id}/progress',
    protocol: 'sse',
    title: 'Progress of a channel search',
    description:
      'The snapshot at once, every change, the last one every second, a comment every 15 seconds; ends after `completed` or `failed`, and when the token ends. The id of an event is the version of the snapshot.',
    parameters: { search_id: 'id of the search' },
    security: ['loveParser'],
    sends: [{ name: 'searchSnapshot', summary: 'How far the search is', payload: snapshotView }],
  },
]

import { type PageData, type ReadOptions, readDocument, type WebDocument } from './extract/index.ts'
import { readSitemapDocument, type Sitemap } from './sitemap.ts'

/** Reads what strangers wrote. Every call may throw `FetchError` when a document is over its budget. */
export interface DocumentReader {
  page(document: WebDocument, options: ReadOptions, signal?: AbortSignal): Promise<PageData>
  sitemap(document: WebDocument, signal?: AbortSignal): Promise<Sitemap>
}

export const createReader = (): DocumentReader => ({
  page: async (document, options) => readDocument(document, options),
  sitemap: async (document) => readSitemapDocument(document),
})

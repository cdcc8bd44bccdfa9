// Made of the API document by bun run openapi. Not to be edited.
export interface paths {
    "/internal/sources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List sources
         * @description All sources by id, or the first `limit`; the list is streamed.
         */
        get: operations["getInternalSources"];
        put?: never;
        /**
         * Create or update a source
         * @description Upsert by exact `url`: on update absent and null fields keep their value.
         */
        post: operations["postInternalSources"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/sources/sync-spiders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Report available spiders
         * @description Each key that no source has becomes an inactive hub.
         */
        post: operations["postInternalSourcesSyncSpiders"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/sources/backlog": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the discovery backlog
         * @description Sources in `discovered`, by priority, age and id.
         */
        get: operations["getInternalSourcesBacklog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/sources/backlog/activate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Activate discovered sources
         * @description Others are skipped, each with the reason.
         */
        post: operations["postInternalSourcesBacklogActivate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/sources/backlog/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read discovery quota and backlog size
         * @description The quota counts a rolling day.
         */
        get: operations["getInternalSourcesBacklogStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/sources/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a source
         * @description The detail has totals, history, logs and the last error; a hub shows its whole site.
         */
        get: operations["getInternalSourcesId"];
        put?: never;
        post?: never;
        /**
         * Remove a source with its runs
         * @description Its products stay. 409 while a run is open, unless `cancel=true` cancels it.
         */
        delete: operations["deleteInternalSourcesId"];
        options?: never;
        head?: never;
        /**
         * Change a source
         * @description Absent and null fields stay, but `schedule: null` removes the schedule; `config` replaces the object.
         */
        patch: operations["patchInternalSourcesId"];
        trace?: never;
    };
    "/internal/sources/{id}/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List runs of a source
         * @description Newest first; of a hub those of its site.
         */
        get: operations["getInternalSourcesIdRuns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/sources/{id}/force-run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run a source now
         * @description Works on inactive and broken sources too; `strategy` by body or query, the body wins.
         */
        post: operations["postInternalSourcesIdForceRun"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/sources/{id}/toggle": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Switch a source on or off
         * @description `is_active` by body or query, the body wins. An open run goes on.
         */
        post: operations["postInternalSourcesIdToggle"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/sources/{id}/report-status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Report the status of a run
         * @description A report that names a run which has ended is answered with `ignored`.
         */
        post: operations["postInternalSourcesIdReportStatus"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/sources/{id}/report-logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Report logs of a run
         * @description The last 100,000 characters of a run are kept.
         */
        post: operations["postInternalSourcesIdReportLogs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/sources/{id}/report-error": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Report a failed run
         * @description Four soft errors in a row, or `is_broken`, break the source.
         */
        post: operations["postInternalSourcesIdReportError"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/ingest-batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ingest a batch
         * @description Good elements are stored, bad ones reported. An `Idempotency-Key` makes a repeat safe: of a task’s next attempt as well, since `task_id`, `worker_id` and `fence` do not count, nor do white space and the order of keys.
         */
        post: operations["postInternalIngestBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/products/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Search products by meaning
         * @description By a text or a vector, not both. Active products with an embedding of the configured model; similarity = 1 - cosine distance, highest first, then by gift id.
         */
        post: operations["postInternalProductsSearch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/embeddings/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take products to embed
         * @description Active products without an embedding of this model and version, or with one of an older content. Leases what it hands out.
         */
        post: operations["postInternalEmbeddingsTasks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/embeddings/submit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Submit embeddings
         * @description Each element on its own; needs no lease and ends it. Of repeats the last counts.
         */
        post: operations["postInternalEmbeddingsSubmit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/products": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List products
         * @description By relevance with `q`, else by `sort`, newest change first; then by gift id. Keyset pages.
         */
        get: operations["getInternalProducts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/products/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export products
         * @description CSV, NDJSON or Parquet, streamed, in an order of its own that never changes. Cut off, it goes on behind the last row with `after`. What existed at its start comes once, whatever is ingested meanwhile.
         */
        get: operations["getInternalProductsExport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/products/{gift_id}/prices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the prices of a product
         * @description Its first price and every change, newest first, with the run that brought it. Keyset pages.
         */
        get: operations["getInternalProductsGiftIdPrices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/products/{gift_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a product
         * @description The gift id is percent-encoded. With raw data, the newest 100 prices and the last runs.
         */
        get: operations["getInternalProductsGiftId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/sites": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List sites
         * @description Every site that has sources or products, by its key. Keyset pages.
         */
        get: operations["getInternalSites"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/sites/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a site
         * @description With the share of its products that have each field.
         */
        get: operations["getInternalSitesKey"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/sites/{key}/fields": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read how full the fields of a site are
         * @description Of the products that changed last, with some of the newest values of each field.
         */
        get: operations["getInternalSitesKeyFields"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/monitoring": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the state of each site
         * @description By site key.
         */
        get: operations["getInternalMonitoring"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the figures of the last day
         * @description Over runs created in the last 24 hours, and batches that belong to none.
         */
        get: operations["getInternalStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List runs of the fleet
         * @description Newest first, with filters.
         */
        get: operations["getInternalRuns"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/runs/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export runs
         * @description Those of the same filters, newest first, streamed.
         */
        get: operations["getInternalRunsExport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/runs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a run
         * @description With its timeline, rejected elements and failed pages.
         */
        get: operations["getInternalRunsId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/runs/{id}/logs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read or follow the log of a run
         * @description The last 10,000 lines are kept. `Accept: text/plain` gives the text; `Accept: text/event-stream` follows until the run has ended, and `Last-Event-ID` goes on where a stream ended.
         */
        get: operations["getInternalRunsIdLogs"];
        put?: never;
        /**
         * Append to the log of a run
         * @description With `worker_id` and `fence` only while that lease holds.
         */
        post: operations["postInternalRunsIdLogs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/schedule": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List due times of the next hours
         * @description By source; with collisions of one host, and the due times that were skipped, on the first page.
         */
        get: operations["getInternalSchedule"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/schedule/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Preview a schedule
         * @description Its next times and what is remarkable about them; nothing is stored.
         */
        post: operations["postInternalSchedulePreview"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/attention": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List what is wrong now
         * @description Worst first, muted items last. Sources of one site with one trouble are one item. At most 5 seconds old.
         */
        get: operations["getInternalAttention"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/attention/{id}/mute": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Mute an item
         * @description It comes last, with `muted_until`, until then. Written to the audit. A time that has passed ends the mute.
         */
        post: operations["postInternalAttentionIdMute"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/errors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Group failures by their cause
         * @description Of runs begun in the window, and of tasks that have failed for good in it (the newest 500 of each kind); most first.
         */
        get: operations["getInternalErrors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow what happens
         * @description Server-sent events: a `snapshot` of each topic, then what happens. `id` is a number of the whole database; `Last-Event-ID` goes on behind it, within the last 10,000 events or 10 minutes, otherwise `reset` comes first.
         */
        get: operations["getInternalEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/tasks/counts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count tasks
         * @description By kind and state, with rates of the last minutes. With `site_key` without those that have ended, and without rates.
         */
        get: operations["getInternalTasksCounts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/series": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read figures over time
         * @description Sampled each minute in the same database: minutes are kept 14 days, hours 400 days.
         */
        get: operations["getInternalSeries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/scoring/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Take products to score
         * @description Leases what it hands out: nobody else gets it before the lease ends or a score is submitted. Without `worker_id` the lease lasts 120 s and gives way to other simple clients when nothing else is left.
         */
        get: operations["getInternalScoringTasks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/scoring/submit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Submit scores
         * @description Each element on its own; needs no lease and ends it. Of repeats the last counts.
         */
        post: operations["postInternalScoringSubmit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/categories/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Take names to map
         * @description Names without a mapping, those of most active products first. Leased as products to score are.
         */
        get: operations["getInternalCategoriesTasks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/categories/submit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Submit mappings
         * @description Any integer while the tree is empty, else only its ids. Each element on its own; of repeats the last counts.
         */
        post: operations["postInternalCategoriesSubmit"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/categories/tree": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the tree
         * @description All nodes by id.
         */
        get: operations["getInternalCategoriesTree"];
        /**
         * Replace the tree
         * @description All or nothing. Mappings to removed ids become tasks again, but not for an empty tree.
         */
        put: operations["putInternalCategoriesTree"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/recommendations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Recommend gifts
         * @description Ranked gifts with reasons for a profile. Exclusions and price bounds always hold; the first gift is the featured one.
         */
        post: operations["postInternalRecommendations"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/workers/lease": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lease tasks
         * @description By priority, then oldest; waits up to `wait_seconds` for something to lease. At least once: the fence makes the effect once.
         */
        post: operations["postInternalWorkersLease"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/workers/tasks/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Complete tasks
         * @description Each as a single complete; refused ones are listed.
         */
        post: operations["postInternalWorkersTasksComplete"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/workers/tasks/{id}/heartbeat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Prolong a lease
         * @description With progress, if there is any, of at most 16 KiB of JSON: larger progress is dropped, which the answer states. The answer also states whether the task should stop.
         */
        post: operations["postInternalWorkersTasksIdHeartbeat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/workers/tasks/{id}/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Complete a task
         * @description Repeating it is answered alike. Of `result.logs` the last 100,000 characters are kept.
         */
        post: operations["postInternalWorkersTasksIdComplete"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/workers/tasks/{id}/fail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Report a failed task
         * @description Tried again after a delay, unless it is not retryable or the attempts are used up. Of `error` the last 10,000 characters are kept.
         */
        post: operations["postInternalWorkersTasksIdFail"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/workers/tasks/{id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a task back
         * @description Offered again after `delay_seconds`; the attempt is not counted.
         */
        post: operations["postInternalWorkersTasksIdRelease"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/workers/heartbeat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Report a live worker
         * @description Shown for 60 seconds.
         */
        post: operations["postInternalWorkersHeartbeat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/workers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List live workers
         * @description By hostname; heartbeats of the last 60 seconds, then those that hold leases and send none.
         */
        get: operations["getInternalWorkers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List tasks
         * @description Of every kind of every family, newest first. What filters cannot find by an index is looked for among 5,000 tasks at a time, which `searched_to` shows.
         */
        get: operations["getInternalTasks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/tasks/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export tasks
         * @description Those of the same filters, newest first, streamed.
         */
        get: operations["getInternalTasksExport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/tasks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a task
         * @description With its result and progress.
         */
        get: operations["getInternalTasksId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/tasks/redrive": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give dead tasks a new life
         * @description By ids or by kind, oldest first; attempts start anew.
         */
        post: operations["postInternalTasksRedrive"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/tasks/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a task
         * @description A pending one at once; a leased one is asked to stop, and is cancelled when its lease ends.
         */
        post: operations["postInternalTasksIdCancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/workers/connect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Open a worker socket
         * @description WebSocket: the same verbs as frames `{type, id, data}`; tasks are pushed after `hello`.
         */
        get: operations["getInternalWorkersConnect"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/telegram/subscribers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List subscribers
         * @description By id; without `limit` the whole list is streamed.
         */
        get: operations["getInternalTelegramSubscribers"];
        put?: never;
        /**
         * Add a subscriber
         * @description Active, role `user`, language `ru`.
         */
        post: operations["postInternalTelegramSubscribers"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/telegram/subscribers/by-username/{username}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a subscriber by user name
         * @description In any case, with or without `@`.
         */
        get: operations["getInternalTelegramSubscribersByUsernameUsername"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/telegram/subscribers/{chat_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a subscriber
         * @description By chat id.
         */
        get: operations["getInternalTelegramSubscribersChatId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change a subscriber
         * @description Absent and null fields stay. Another person's `is_active` needs a superadmin.
         */
        patch: operations["patchInternalTelegramSubscribersChatId"];
        trace?: never;
    };
    "/internal/telegram/subscribers/{chat_id}/role": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set the role of a subscriber
         * @description Another person's role, and raising one's own, needs a superadmin.
         */
        post: operations["postInternalTelegramSubscribersChatIdRole"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/telegram/subscribers/{chat_id}/permissions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set the permissions of a subscriber
         * @description The body is the list; repeats are dropped. Needs a superadmin.
         */
        post: operations["postInternalTelegramSubscribersChatIdPermissions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/telegram/subscribers/{chat_id}/subscribe": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Subscribe to a topic
         * @description Repeating it changes nothing.
         */
        post: operations["postInternalTelegramSubscribersChatIdSubscribe"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/telegram/subscribers/{chat_id}/unsubscribe": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Unsubscribe from a topic
         * @description Repeating it changes nothing.
         */
        post: operations["postInternalTelegramSubscribersChatIdUnsubscribe"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/telegram/subscribers/{chat_id}/language": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set the language of a subscriber
         * @description Two to eight letters or hyphens.
         */
        post: operations["postInternalTelegramSubscribersChatIdLanguage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/telegram/topics/{topic}/subscribers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List whom a topic reaches
         * @description Active subscribers with a chat, subscribed to the topic or to `all`, by id.
         */
        get: operations["getInternalTelegramTopicsTopicSubscribers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/telegram/invites": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Invite a person
         * @description A subscriber without a chat, who claims the account with the password. Permissions need a superadmin.
         */
        post: operations["postInternalTelegramInvites"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/telegram/invites/claim": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Claim an invite
         * @description Five attempts per user name in 15 minutes, over all processes; success resets them.
         */
        post: operations["postInternalTelegramInvitesClaim"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/webapp/auth": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log in to the dashboard
         * @description Telegram's signed `initData` of an admin for a dashboard token.
         */
        post: operations["postInternalWebappAuth"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/weeek/connect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Connect a Weeek account
         * @description Stores the token encrypted once Weeek has accepted it. Errors carry their message as `detail` too.
         */
        post: operations["postInternalWeeekConnect"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/weeek/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List tasks of an account
         * @description Its own ones, or those of the workspace; days are those of the account's zone.
         */
        get: operations["getInternalWeeekTasks"];
        put?: never;
        /**
         * Create a task
         * @description Answers what Weeek does.
         */
        post: operations["postInternalWeeekTasks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/weeek/tasks/{task_id}/reschedule": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Move a task to another day
         * @description With the reason as a comment; `comment_added` says whether that worked too.
         */
        post: operations["postInternalWeeekTasksTaskIdReschedule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/weeek/tasks/{task_id}/complete": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Complete a task
         * @description In Weeek.
         */
        post: operations["postInternalWeeekTasksTaskIdComplete"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/analytics/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the figures of the product
         * @description Daily users, quiz and gifts of the last week.
         */
        get: operations["getAnalyticsStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/analytics/trends": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read daily figures
         * @description Users and started quizzes a day, at most 90 days.
         */
        get: operations["getAnalyticsTrends"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/analytics/funnel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the funnel
         * @description From the quiz to the gift, over 30 days.
         */
        get: operations["getAnalyticsFunnel"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/analytics/technical": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the health of the service
         * @description From Prometheus and Loki, where configured.
         */
        get: operations["getAnalyticsTechnical"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/analytics/scraping": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read what the fleet has scraped
         * @description From Prometheus where it has data, else from the runs.
         */
        get: operations["getAnalyticsScraping"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal2/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List tasks
         * @description By creation time; filters combine with AND, an empty value counts as absent.
         */
        get: operations["getApiInternal2Tasks"];
        put?: never;
        /**
         * Create a task
         * @description An `Idempotency-Key` makes the request repeatable for 24 h.
         */
        post: operations["postApiInternal2Tasks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal2/tasks/bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create up to 1000 tasks
         * @description Each stands alone; of equal ids the first wins.
         */
        post: operations["postApiInternal2TasksBulk"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal2/tasks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a task
         * @description Never with credentials.
         */
        get: operations["getApiInternal2TasksId"];
        /**
         * Change a task
         * @description Status, progress, error or credentials; all or nothing.
         */
        put: operations["putApiInternal2TasksId"];
        post?: never;
        /**
         * Cancel or remove a task
         * @description A running one is canceled and kept, any other is removed.
         */
        delete: operations["deleteApiInternal2TasksId"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal2/tasks/lease": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Lease tasks
         * @description By priority, then age; waits up to `waitSeconds` for the first. At least once: the fence makes the effect once.
         */
        post: operations["postApiInternal2TasksLease"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal2/tasks/{id}/progress": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read progress
         * @description With the timeline.
         */
        get: operations["getApiInternal2TasksIdProgress"];
        put?: never;
        /**
         * Report progress
         * @description Merged with what is known; durable when answered. The same update counts once.
         */
        post: operations["postApiInternal2TasksIdProgress"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal2/tasks/{id}/credentials/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Refresh credentials
         * @description For the holder of the lease; one call to GitLab at a time per account.
         */
        post: operations["postApiInternal2TasksIdCredentialsRefresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal2/connect": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Open a WebSocket
         * @description Events of all tasks, unless `subscribe=none`; resumes by `connectionId`.
         */
        get: operations["getApiInternal2Connect"];
        put?: never;
        /**
         * Ask how to connect
         * @description Without any effect.
         */
        post: operations["postApiInternal2Connect"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal2/tasks/{id}/websocket": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Open a task's WebSocket
         * @description Events of this task.
         */
        get: operations["getApiInternal2TasksIdWebsocket"];
        put?: never;
        /**
         * Send a message to who watches a task
         * @description Delivered to all live sockets, and on resume to those that were away.
         */
        post: operations["postApiInternal2TasksIdWebsocket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal2/tasks/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow a task's events
         * @description Server-sent events; `Last-Event-ID` goes on where a stream ended.
         */
        get: operations["getApiInternal2TasksIdEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/internal2/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tell how the family is
         * @description Public unless `CRAWLER_HEALTH_AUTH=required`; a credential shows more, and `details=true` needs one.
         */
        get: operations["getApiInternal2Health"];
        put?: never;
        /**
         * Check afresh, or drop cached counts
         * @description `operation`: `deep_check` or `clear_cache`.
         */
        post: operations["postApiInternal2Health"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tell that the process answers
         * @description Touches no dependency.
         */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tell that the process answers
         * @description Touches no dependency.
         */
        get: operations["getApiHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tell that the process answers
         * @description Touches no dependency.
         */
        get: operations["getApiV1Health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/db": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Probe the database
         * @description One round trip.
         */
        get: operations["getHealthDb"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health/db": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Probe the database
         * @description One round trip.
         */
        get: operations["getApiHealthDb"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/redis": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Probe Redis
         * @description One round trip; without Redis the mode is memory.
         */
        get: operations["getHealthRedis"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health/redis": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Probe Redis
         * @description One round trip; without Redis the mode is memory.
         */
        get: operations["getApiHealthRedis"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/telegram": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Probe Telegram
         * @description With the number of active sessions.
         */
        get: operations["getHealthTelegram"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health/telegram": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Probe Telegram
         * @description With the number of active sessions.
         */
        get: operations["getApiHealthTelegram"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/love-parser/payments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List payments
         * @description Newest first.
         */
        get: operations["getInternalLoveParserPayments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/love-parser/payments/refused": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List refused notifications of payments
         * @description Newest first; kept for 90 days.
         */
        get: operations["getInternalLoveParserPaymentsRefused"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/love-parser/payments/{order}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a payment
         * @description With its plan, its notification and those that were refused.
         */
        get: operations["getInternalLoveParserPaymentsOrder"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/love-parser/payments/{order}/notification/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Apply a payment whose notification was lost
         * @description For a superadmin or the service token, who names the amount that came. A completed payment is answered as it is.
         */
        post: operations["postInternalLoveParserPaymentsOrderNotificationResend"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/love-parser/users/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a user
         * @description Status, plan and newest notifications; the phone is hidden.
         */
        get: operations["getInternalLoveParserUsersId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/love-parser/users/{id}/plan/end": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End a paid plan
         * @description Now, or shortened to a time ahead. The user then stands as after an expiry. 422 when no paid plan runs.
         */
        post: operations["postInternalLoveParserUsersIdPlanEnd"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/love-parser/users/{id}/block": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Block a user
         * @description Their requests are 403 at once, their streams end within 10 s.
         */
        post: operations["postInternalLoveParserUsersIdBlock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/love-parser/users/{id}/unblock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Unblock a user
         * @description An active one is answered as it is.
         */
        post: operations["postInternalLoveParserUsersIdUnblock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/love-parser/notifications/{id}/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a notification again
         * @description To the event bus and, when configured, to RabbitMQ.
         */
        post: operations["postInternalLoveParserNotificationsIdResend"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/love-parser/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read who changed something, and why
         * @description Of one target, newest first.
         */
        get: operations["getInternalLoveParserAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/telegram/auth/send-code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a login code
         * @description One code a minute and five an hour for a number.
         */
        post: operations["postApiV1TelegramAuthSendCode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/telegram/auth/verify-code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log in with the code
         * @description Five wrong codes or passwords end the session. With two-step verification the same session and code are sent again with the password.
         */
        post: operations["postApiV1TelegramAuthVerifyCode"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show the own profile
         * @description With plan and limits.
         */
        get: operations["getApiV1AuthMe"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Revoke the token
         * @description Open streams under it end.
         */
        get: operations["getApiV1AuthLogout"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dashboard": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show the dashboard
         * @description Profile, plan, limits, totals and the newest activity.
         */
        get: operations["getApiV1Dashboard"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/parsing/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Start a search
         * @description Takes one parsing unit. At least once: a search that is interrupted starts again, its rows are stored once. With an Idempotency-Key a repeat answers the same.
         */
        post: operations["postApiV1ParsingSearch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/parsing/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List searches
         * @description Newest first.
         */
        get: operations["getApiV1ParsingHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/parsing/{search_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a search
         * @description One entry of the history.
         */
        get: operations["getApiV1ParsingSearchId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/parsing/{search_id}/results": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read results
         * @description A page by subscribers or activity. Rows appear all at once.
         */
        get: operations["getApiV1ParsingSearchIdResults"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/parsing/{search_id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export results
         * @description CSV, CSV as Excel reads it, or NDJSON, streamed; the header X-Data-Source says who ran the search.
         */
        get: operations["getApiV1ParsingSearchIdExport"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/parsing/{search_id}/progress": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow a search
         * @description Server-sent events: the snapshot at once, every change, the last one every second; ends after completed or failed.
         */
        get: operations["getApiV1ParsingSearchIdProgress"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/parsing/{search_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a search
         * @description Its unit is given back; no rows are kept.
         */
        post: operations["postApiV1ParsingSearchIdCancel"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audience/segments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List segments
         * @description Newest first.
         */
        get: operations["getApiV1AudienceSegments"];
        put?: never;
        /**
         * Make a segment of a search
         * @description Takes one audience unit. While the search runs the segment is processing.
         */
        post: operations["postApiV1AudienceSegments"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audience/{segment_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show a segment
         * @description As the list does.
         */
        get: operations["getApiV1AudienceSegmentId"];
        /**
         * Measure a segment again
         * @description With other filters when given; `{}` clears them.
         */
        put: operations["putApiV1AudienceSegmentId"];
        post?: never;
        /**
         * Delete a segment
         * @description Its unit is given back if it was taken in the running period.
         */
        delete: operations["deleteApiV1AudienceSegmentId"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audience/{segment_id}/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Preview a segment
         * @description The total as of now and its first recipients.
         */
        get: operations["getApiV1AudienceSegmentIdPreview"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions/plans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List plans
         * @description The price list.
         */
        get: operations["getApiV1SubscriptionsPlans"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions/current": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Show the current subscription
         * @description The one that ends last.
         */
        get: operations["getApiV1SubscriptionsCurrent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions/purchase": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Buy a plan
         * @description Stores an order and answers the page where it is paid. A sixth order that waits for money cancels the oldest.
         */
        post: operations["postApiV1SubscriptionsPurchase"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/subscriptions/webhook/robokassa": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Receive a payment notification by GET
         * @description The fields stand in the query. Answered with `OK<InvId>`. A repeat is a success without effect.
         */
        get: operations["getApiV1SubscriptionsWebhookRobokassa"];
        put?: never;
        /**
         * Receive a payment notification
         * @description A JSON or form body, or the query. A form is answered with `OK<InvId>`. At least once: a repeat is a success without effect.
         */
        post: operations["postApiV1SubscriptionsWebhookRobokassa"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/stickersets/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Ask whether a set is in the gallery
         * @description By name or link; never asks Telegram. One of the two is needed, and `url` decides when both are given.
         */
        get: operations["getInternalStickersetsCheck"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/stickersets/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Search public sets
         * @description Every word has to occur in title, name or a category, whatever the case. Most liked first.
         */
        get: operations["getInternalStickersetsSearch"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/stickersets/categories": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List active categories
         * @description In display order.
         */
        get: operations["getInternalStickersetsCategories"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/stickersets/author/{authorId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List sets of an author
         * @description Active ones, public and private, page by page; of any of the categories where some are given.
         */
        get: operations["getInternalStickersetsAuthorAuthorId"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/stickersets/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a set
         * @description Active or blocked. Trouble with Telegram only makes `telegramStickerSetInfo` stale or null.
         */
        get: operations["getInternalStickersetsId"];
        put?: never;
        post?: never;
        /**
         * Delete a set
         * @description Only marks it: its owner can create it again.
         */
        delete: operations["deleteInternalStickersetsId"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/stickersets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Add a set
         * @description Once Telegram has confirmed it. The same owner’s deleted set comes back to life, with 201 as well.
         */
        post: operations["postInternalStickersets"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/stickersets/{id}/publish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Publish a set
         * @description The first publication of a name earns its owner 10 ART. Any body is ignored.
         */
        post: operations["postInternalStickersetsIdPublish"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/internal/stickersets/{id}/unpublish": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a set back from the public
         * @description Takes no ART back. Any body is ignored.
         */
        post: operations["postInternalStickersetsIdUnpublish"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/stickersets/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Search public sets without a token
         * @description Answers as `/internal/stickersets/search` does; a service token that is sent changes nothing.
         */
        get: operations["getApiStickersetsSearch"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tell that the process lives
         * @description Touches no dependency.
         */
        get: operations["getLivez"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tell whether requests are welcome
         * @description Asks the database, one second at most. The state of Redis is named where it is configured; without Redis the process is ready.
         */
        get: operations["getReadyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read metrics
         * @description Prometheus text format.
         */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @example {
         *       "id": 1,
         *       "url": "https://tea.example/catalogue",
         *       "type": "list",
         *       "site_key": "tea",
         *       "strategy": "deep",
         *       "priority": 50,
         *       "refresh_interval_hours": 24,
         *       "schedule": null,
         *       "overlap": "skip",
         *       "is_active": true,
         *       "status": "waiting",
         *       "last_synced_at": "2026-01-15T09:04:12.000Z",
         *       "next_sync_at": "2026-01-16T09:04:12.000Z",
         *       "created_at": "2026-01-10T12:00:00.000Z",
         *       "updated_at": "2026-01-15T09:04:12.000Z",
         *       "config": {
         *         "currency": "RUB",
         *         "last_stats": {
         *           "processed_items": 120,
         *           "new_items": 12
         *         }
         *       },
         *       "total_items": 120,
         *       "last_run_new": 12,
         *       "history": null
         *     }
         */
        ParsingSource: {
            id: number;
            url: string;
            type: string;
            site_key: string;
            /** @enum {string} */
            strategy: "deep" | "discovery";
            priority: number;
            refresh_interval_hours: number;
            schedule: {
                cron: string;
                timezone: string;
                jitter_seconds?: number;
                blackout?: {
                    days: number[];
                    from: string;
                    to: string;
                }[];
                /**
                 * Format: date-time
                 * @description RFC 3339, UTC
                 */
                ends_at?: string;
            } | null;
            /** @enum {string} */
            overlap: "skip" | "queue_one";
            is_active: boolean;
            status: string;
            last_synced_at: string | null;
            /** @description null when its schedule has ended */
            next_sync_at: string | null;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            config: {
                [key: string]: unknown;
            };
            total_items: number;
            last_run_new: number;
            history: components["schemas"]["Run"][] | null;
        };
        /**
         * @example {
         *       "id": 17,
         *       "source_id": 1,
         *       "task_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "date": "2026-01-15T09:00:02.000Z",
         *       "started_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": "2026-01-15T09:04:12.000Z",
         *       "duration_seconds": 250,
         *       "status": "completed",
         *       "strategy": "deep",
         *       "trigger": "force",
         *       "items_scraped": 120,
         *       "items_new": 12,
         *       "items_updated": 30,
         *       "categories_found": 0,
         *       "items_rejected": 1,
         *       "pages_failed": 0,
         *       "outcome": "partial",
         *       "error": null
         *     }
         */
        Run: {
            id: number;
            source_id: number;
            /** @description its task in the worker protocol */
            task_id: string | null;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            date: string;
            started_at: string | null;
            finished_at: string | null;
            duration_seconds: number | null;
            /** @enum {string} */
            status: "queued" | "running" | "completed" | "failed" | "lost" | "cancelled" | "skipped";
            strategy: string;
            /** @enum {string} */
            trigger: "schedule" | "force" | "worker" | "ingest";
            items_scraped: number;
            items_new: number;
            items_updated: number;
            categories_found: number;
            /** @description elements of its batches that were not stored */
            items_rejected: number;
            /** @description pages of the site that its worker could not read */
            pages_failed: number;
            /** @description of a completed run: `partial` when something of it was lost; null while it is open and when it did not complete */
            outcome: ("completed" | "partial") | null;
            error: string | null;
        };
        /** @description What went wrong */
        GiftyError: {
            error: {
                code: string;
                message: string;
                fields?: {
                    details?: {
                        type: string;
                        loc: (string | number)[];
                        msg: string;
                        input: unknown;
                    }[];
                } & {
                    [key: string]: unknown;
                };
            };
        };
        /**
         * @example {
         *       "source_id": 1,
         *       "items": [
         *         {
         *           "title": "Black tea in a tin",
         *           "product_url": "https://tea.example/p/1",
         *           "site_key": "tea",
         *           "price": "1 499,50 ₽",
         *           "category": "Black tea"
         *         },
         *         {
         *           "title": "Teapot",
         *           "product_url": "https://tea.example/p/2",
         *           "site_key": "tea",
         *           "price": 2300,
         *           "currency": "RUB"
         *         }
         *       ],
         *       "categories": [
         *         {
         *           "name": "Green tea",
         *           "url": "https://tea.example/green",
         *           "site_key": "tea"
         *         }
         *       ]
         *     }
         */
        IngestBatchInput: {
            items: {
                title: string;
                product_url: string;
                /** @description may be absent where the batch names its source or lease */
                site_key?: string | null;
                description?: string | null;
                price?: (number | string) | null;
                currency?: string | null;
                image_url?: string | null;
                merchant?: string | null;
                category?: string | null;
                raw_data?: {
                    [key: string]: unknown;
                } | null;
            }[];
            categories?: {
                name?: string | null;
                url: string;
                parent_url?: string | null;
                /** @description may be absent where the batch names its source or lease */
                site_key?: string | null;
            }[] | null;
            /** @description 0 where the source is not known */
            source_id: number | string;
            /** @description ignored */
            stats?: {
                [key: string]: unknown;
            } | null;
            /** @description with `worker_id` and `fence`: the lease under which the batch was scraped */
            task_id?: string | null;
            worker_id?: string | null;
            fence?: (number | string) | null;
        };
        /**
         * @example {
         *       "status": "ok",
         *       "items_ingested": 1,
         *       "items_updated": 0,
         *       "items_unchanged": 0,
         *       "items_duplicate": 0,
         *       "categories_ingested": 1,
         *       "run_id": 17,
         *       "rejected": [
         *         {
         *           "kind": "item",
         *           "index": 1,
         *           "errors": [
         *             {
         *               "field": "title",
         *               "message": "Field required"
         *             }
         *           ]
         *         }
         *       ]
         *     }
         */
        IngestAnswer: {
            /** @constant */
            status: "ok";
            /** @description inserted */
            items_ingested: number;
            /** @description a scraped column changed */
            items_updated: number;
            items_unchanged: number;
            /** @description repeats within the batch; the first wins */
            items_duplicate: number;
            /** @description sources created */
            categories_ingested: number;
            run_id: number | null;
            rejected: {
                /** @enum {string} */
                kind: "item" | "category";
                index: number;
                errors: {
                    field: string;
                    message: string;
                }[];
            }[];
            /** @description items that were stored without a field that could not be read; absent when there are none */
            remarks?: {
                index: number;
                field: string;
                message: string;
            }[];
        };
        /**
         * @example {
         *       "query": "tea for a colleague",
         *       "limit": 5,
         *       "max_price": 2000
         *     }
         */
        ProductSearchInput: {
            query?: string | null;
            vector?: (number | string)[] | null;
            /** @default 20 */
            limit?: (number | string) | null;
            max_price?: (number | string) | null;
            min_similarity?: (number | string) | null;
            categories?: string[] | null;
            site_keys?: string[] | null;
            /** @description only products last ingested for this source */
            source_id?: (number | string) | null;
            /** @description only products that have changed since */
            updated_after?: string | null;
        };
        ProductSearchAnswer: {
            results: {
                product: components["schemas"]["Product"];
                /** @example 0.81 */
                similarity: number;
            }[];
            /** @example trawl-ngram */
            model: string;
        };
        /**
         * @example {
         *       "gift_id": "tea:https://tea.example/p/1",
         *       "site_key": "tea",
         *       "source_id": 1,
         *       "title": "Black tea in a tin",
         *       "description": null,
         *       "price": 1499.5,
         *       "currency": "RUB",
         *       "image_url": null,
         *       "product_url": "https://tea.example/p/1",
         *       "merchant": null,
         *       "category": "Black tea",
         *       "is_active": true,
         *       "content_text": "Black tea in a tin Black tea",
         *       "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f",
         *       "llm_gift_score": 7.5,
         *       "llm_gift_reasoning": "A useful present for anyone who drinks tea",
         *       "llm_gift_vector": {
         *         "warmth": 6,
         *         "practicality": 8
         *       },
         *       "llm_scoring_model": "scorer",
         *       "llm_scoring_version": "1",
         *       "llm_scored_at": "2026-01-15T10:00:00.000Z",
         *       "needs_scoring": false,
         *       "created_at": "2026-01-15T09:03:00.000Z",
         *       "updated_at": "2026-01-15T10:00:00.000Z",
         *       "last_seen_at": "2026-01-15T09:03:00.000Z"
         *     }
         */
        Product: {
            gift_id: string;
            site_key: string;
            source_id: number | null;
            title: string;
            description: string | null;
            price: number | null;
            currency: string | null;
            image_url: string | null;
            product_url: string;
            merchant: string | null;
            category: string | null;
            is_active: boolean;
            content_text: string;
            content_hash: string;
            llm_gift_score: number | null;
            llm_gift_reasoning: string | null;
            llm_gift_vector: {
                [key: string]: unknown;
            } | null;
            llm_scoring_model: string | null;
            llm_scoring_version: string | null;
            llm_scored_at: string | null;
            needs_scoring: boolean;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            last_seen_at: string;
        };
        /**
         * @example {
         *       "model_name": "trawl-ngram",
         *       "model_version": "1",
         *       "results": [
         *         {
         *           "gift_id": "tea:https://tea.example/p/1",
         *           "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f",
         *           "embedding": [
         *             0.12,
         *             -0.03,
         *             0.4
         *           ]
         *         }
         *       ]
         *     }
         */
        EmbeddingsSubmitInput: {
            /** @example trawl-ngram */
            model_name: string;
            /** @example 1 */
            model_version: string;
            results: {
                gift_id: string;
                content_hash: string;
                embedding: number[];
            }[];
        };
        /**
         * @example {
         *       "status": "ok",
         *       "updated": 1,
         *       "rejected": [],
         *       "results": [
         *         {
         *           "index": 0,
         *           "gift_id": "tea:https://tea.example/p/1",
         *           "status": "updated"
         *         }
         *       ]
         *     }
         */
        EmbeddingsAnswer: {
            /** @constant */
            status: "ok";
            /** @description rows written */
            updated: number;
            rejected: {
                index: number;
                gift_id: string | null;
                errors: {
                    field: string;
                    message: string;
                }[];
            }[];
            results: {
                index: number;
                gift_id: string | null;
                /** @enum {string} */
                status: "updated" | "rejected";
            }[];
        };
        /**
         * @example {
         *       "items": [
         *         {
         *           "price": 1499.5,
         *           "currency": "RUB",
         *           "seen_at": "2026-01-15T09:03:00.000Z",
         *           "run_id": 17
         *         }
         *       ],
         *       "next_cursor": null
         *     }
         */
        PriceHistory: {
            items: {
                price: number | null;
                currency: string | null;
                /**
                 * Format: date-time
                 * @description RFC 3339, UTC
                 */
                seen_at: string;
                /** @description the run that brought it; null of a batch that belongs to none */
                run_id: number | null;
            }[];
            /**
             * @description cursor of the next page; null on the last one
             * @example WzE3XQ
             */
            next_cursor: string | null;
        };
        /**
         * @example {
         *       "gift_id": "tea:https://tea.example/p/1",
         *       "site_key": "tea",
         *       "source_id": 1,
         *       "title": "Black tea in a tin",
         *       "description": null,
         *       "price": 1499.5,
         *       "currency": "RUB",
         *       "image_url": null,
         *       "product_url": "https://tea.example/p/1",
         *       "merchant": null,
         *       "category": "Black tea",
         *       "is_active": true,
         *       "content_text": "Black tea in a tin Black tea",
         *       "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f",
         *       "llm_gift_score": 7.5,
         *       "llm_gift_reasoning": "A useful present for anyone who drinks tea",
         *       "llm_gift_vector": {
         *         "warmth": 6,
         *         "practicality": 8
         *       },
         *       "llm_scoring_model": "scorer",
         *       "llm_scoring_version": "1",
         *       "llm_scored_at": "2026-01-15T10:00:00.000Z",
         *       "needs_scoring": false,
         *       "created_at": "2026-01-15T09:03:00.000Z",
         *       "updated_at": "2026-01-15T10:00:00.000Z",
         *       "last_seen_at": "2026-01-15T09:03:00.000Z",
         *       "raw": {
         *         "weight": "100 g"
         *       },
         *       "price_history": [
         *         {
         *           "price": 1499.5,
         *           "currency": "RUB",
         *           "seen_at": "2026-01-15T09:03:00.000Z"
         *         }
         *       ],
         *       "embeddings": [
         *         {
         *           "model_name": "trawl-ngram",
         *           "model_version": "1",
         *           "dim": 384,
         *           "embedded_at": "2026-01-15T09:03:05.000Z",
         *           "stale": false
         *         }
         *       ],
         *       "runs": [
         *         {
         *           "run_id": 17,
         *           "seen_at": "2026-01-15T09:03:00.000Z"
         *         }
         *       ]
         *     }
         */
        ProductDetail: {
            gift_id: string;
            site_key: string;
            source_id: number | null;
            title: string;
            description: string | null;
            price: number | null;
            currency: string | null;
            image_url: string | null;
            product_url: string;
            merchant: string | null;
            category: string | null;
            is_active: boolean;
            content_text: string;
            content_hash: string;
            llm_gift_score: number | null;
            llm_gift_reasoning: string | null;
            llm_gift_vector: {
                [key: string]: unknown;
            } | null;
            llm_scoring_model: string | null;
            llm_scoring_version: string | null;
            llm_scored_at: string | null;
            needs_scoring: boolean;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            last_seen_at: string;
            raw: {
                [key: string]: unknown;
            } | null;
            price_history: {
                price: number | null;
                currency: string | null;
                /**
                 * Format: date-time
                 * @description RFC 3339, UTC
                 */
                seen_at: string;
            }[];
            embeddings: {
                model_name: string;
                model_version: string;
                dim: number;
                /**
                 * Format: date-time
                 * @description RFC 3339, UTC
                 */
                embedded_at: string;
                stale: boolean;
            }[];
            /** @description the last ten runs that brought it or changed its price, newest first */
            runs: {
                run_id: number;
                /**
                 * Format: date-time
                 * @description when it last brought a price of the product
                 */
                seen_at: string;
            }[];
        };
        /**
         * @example {
         *       "site_key": "tea",
         *       "sources": {
         *         "waiting": 2,
         *         "error": 1
         *       },
         *       "sources_active": 3,
         *       "items": 1240,
         *       "last_success_at": "2026-01-15T09:04:12.000Z",
         *       "freshness_seconds": 3600,
         *       "error_share": 0,
         *       "yields": [
         *         {
         *           "run_id": 17,
         *           "source_id": 1,
         *           "at": "2026-01-15T09:04:12.000Z",
         *           "status": "partial",
         *           "items": 120,
         *           "items_new": 12,
         *           "items_updated": 30,
         *           "items_rejected": 1,
         *           "pages_failed": 0
         *         }
         *       ]
         *     }
         */
        Site: {
            site_key: string;
            /** @description sources by status */
            sources: {
                [key: string]: number;
            };
            /** @description sources that are switched on */
            sources_active: number;
            /** @description products of the site */
            items: number;
            /** @description when a run of one of its sources last succeeded */
            last_success_at: string | null;
            /** @description seconds since then */
            freshness_seconds: number | null;
            /** @description its last 30 runs that have ended, newest first */
            yields: {
                run_id: number;
                source_id: number;
                /**
                 * Format: date-time
                 * @description when it ended
                 */
                at: string;
                /** @enum {string} */
                status: "completed" | "partial" | "failed" | "lost" | "cancelled";
                /** @description items stored */
                items: number;
                items_new: number;
                items_updated: number;
                items_rejected: number;
                pages_failed: number;
            }[];
            /** @description share of these that failed or were lost; null without any */
            error_share: number | null;
        };
        /**
         * @example {
         *       "site_key": "tea",
         *       "sources": {
         *         "waiting": 2,
         *         "error": 1
         *       },
         *       "sources_active": 3,
         *       "items": 1240,
         *       "last_success_at": "2026-01-15T09:04:12.000Z",
         *       "freshness_seconds": 3600,
         *       "error_share": 0,
         *       "yields": [
         *         {
         *           "run_id": 17,
         *           "source_id": 1,
         *           "at": "2026-01-15T09:04:12.000Z",
         *           "status": "partial",
         *           "items": 120,
         *           "items_new": 12,
         *           "items_updated": 30,
         *           "items_rejected": 1,
         *           "pages_failed": 0
         *         }
         *       ],
         *       "fill": {
         *         "title": 1,
         *         "price": 0.98,
         *         "image_url": 0.41
         *       },
         *       "sampled": 1240
         *     }
         */
        SiteDetail: {
            site_key: string;
            /** @description sources by status */
            sources: {
                [key: string]: number;
            };
            /** @description sources that are switched on */
            sources_active: number;
            /** @description products of the site */
            items: number;
            /** @description when a run of one of its sources last succeeded */
            last_success_at: string | null;
            /** @description seconds since then */
            freshness_seconds: number | null;
            /** @description its last 30 runs that have ended, newest first */
            yields: {
                run_id: number;
                source_id: number;
                /**
                 * Format: date-time
                 * @description when it ended
                 */
                at: string;
                /** @enum {string} */
                status: "completed" | "partial" | "failed" | "lost" | "cancelled";
                /** @description items stored */
                items: number;
                items_new: number;
                items_updated: number;
                items_rejected: number;
                pages_failed: number;
            }[];
            /** @description share of these that failed or were lost; null without any */
            error_share: number | null;
            /** @description share of the sampled products that have each field */
            fill: {
                [key: string]: number;
            };
            /** @description products that were sampled: those changed last, at most 10,000 */
            sampled: number;
        };
        /**
         * @example [
         *       {
         *         "field": "price",
         *         "filled": 0.98,
         *         "filled_newest": 0.4,
         *         "sample": [
         *           1499.5,
         *           2300,
         *           990
         *         ]
         *       }
         *     ]
         */
        SiteFields: {
            field: string;
            /** @description share of the sampled products that have it: those changed last, at most 10,000 */
            filled: number;
            /** @description share among the 500 that changed last: lower where a selector has broken */
            filled_newest: number;
            /** @description its newest different values; texts are cut at 200 characters */
            sample: (string | number)[];
        }[];
        /**
         * @example {
         *       "id": 17,
         *       "source_id": 1,
         *       "site_key": "tea",
         *       "url": "https://tea.example/catalogue",
         *       "source_type": "list",
         *       "kind": "source.run",
         *       "task_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "worker_id": "worker-1",
         *       "attempts": 1,
         *       "date": "2026-01-15T09:00:02.000Z",
         *       "started_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": "2026-01-15T09:04:12.000Z",
         *       "duration_seconds": 250,
         *       "status": "partial",
         *       "strategy": "deep",
         *       "trigger": "force",
         *       "items_scraped": 120,
         *       "items_new": 12,
         *       "items_updated": 30,
         *       "items_unchanged": 78,
         *       "items_duplicate": 2,
         *       "items_rejected": 1,
         *       "categories_found": 0,
         *       "pages_failed": 0,
         *       "batches": 3,
         *       "outcome": "partial",
         *       "outcome_reason": null,
         *       "last_activity_at": "2026-01-15T09:04:12.000Z",
         *       "error": null,
         *       "error_group": null,
         *       "log_lines": 42
         *     }
         */
        RunView: {
            id: number;
            source_id: number;
            /** @description its task in the worker protocol */
            task_id: string | null;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            date: string;
            started_at: string | null;
            finished_at: string | null;
            duration_seconds: number | null;
            strategy: string;
            /** @enum {string} */
            trigger: "schedule" | "force" | "worker" | "ingest";
            items_scraped: number;
            items_new: number;
            items_updated: number;
            categories_found: number;
            /** @description elements of its batches that were not stored */
            items_rejected: number;
            /** @description pages of the site that its worker could not read */
            pages_failed: number;
            /** @description of a completed run: `partial` when something of it was lost; null while it is open and when it did not complete */
            outcome: ("completed" | "partial") | null;
            error: string | null;
            /** @enum {string} */
            status: "queued" | "running" | "completed" | "failed" | "lost" | "cancelled" | "skipped" | "partial";
            site_key: string;
            url: string;
            source_type: string;
            /** @enum {string} */
            kind: "source.run" | "source.run.web";
            /** @description who leased its task last */
            worker_id: string | null;
            /** @description leases of its task */
            attempts: number;
            items_unchanged: number;
            /** @description elements that stood in their batch before */
            items_duplicate: number;
            batches: number;
            /** @description why it ended before it had read everything */
            outcome_reason: string | null;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            last_activity_at: string;
            error_group: string | null;
            /** @description number of its newest log line */
            log_lines: number;
        };
        /**
         * @example {
         *       "id": 17,
         *       "source_id": 1,
         *       "site_key": "tea",
         *       "url": "https://tea.example/catalogue",
         *       "source_type": "list",
         *       "kind": "source.run",
         *       "task_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "worker_id": "worker-1",
         *       "attempts": 1,
         *       "date": "2026-01-15T09:00:02.000Z",
         *       "started_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": "2026-01-15T09:04:12.000Z",
         *       "duration_seconds": 250,
         *       "status": "partial",
         *       "strategy": "deep",
         *       "trigger": "force",
         *       "items_scraped": 120,
         *       "items_new": 12,
         *       "items_updated": 30,
         *       "items_unchanged": 78,
         *       "items_duplicate": 2,
         *       "items_rejected": 1,
         *       "categories_found": 0,
         *       "pages_failed": 0,
         *       "batches": 3,
         *       "outcome": "partial",
         *       "outcome_reason": null,
         *       "last_activity_at": "2026-01-15T09:04:12.000Z",
         *       "error": null,
         *       "error_group": null,
         *       "log_lines": 42,
         *       "progress": null,
         *       "timeline": [
         *         {
         *           "at": "2026-01-15T09:00:00.000Z",
         *           "event": "queued",
         *           "data": {
         *             "trigger": "force",
         *             "strategy": "deep"
         *           }
         *         },
         *         {
         *           "at": "2026-01-15T09:00:02.000Z",
         *           "event": "started",
         *           "data": {
         *             "worker_id": "worker-1",
         *             "attempts": 1
         *           }
         *         },
         *         {
         *           "at": "2026-01-15T09:04:12.000Z",
         *           "event": "ended",
         *           "data": {
         *             "status": "partial"
         *           }
         *         }
         *       ],
         *       "rejected": [
         *         {
         *           "index": 3,
         *           "errors": [
         *             {
         *               "field": "title",
         *               "message": "Field required"
         *             }
         *           ]
         *         }
         *       ],
         *       "failed_pages": []
         *     }
         */
        RunDetail: {
            id: number;
            source_id: number;
            /** @description its task in the worker protocol */
            task_id: string | null;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            date: string;
            started_at: string | null;
            finished_at: string | null;
            duration_seconds: number | null;
            strategy: string;
            /** @enum {string} */
            trigger: "schedule" | "force" | "worker" | "ingest";
            items_scraped: number;
            items_new: number;
            items_updated: number;
            categories_found: number;
            /** @description elements of its batches that were not stored */
            items_rejected: number;
            /** @description pages of the site that its worker could not read */
            pages_failed: number;
            /** @description of a completed run: `partial` when something of it was lost; null while it is open and when it did not complete */
            outcome: ("completed" | "partial") | null;
            error: string | null;
            /** @enum {string} */
            status: "queued" | "running" | "completed" | "failed" | "lost" | "cancelled" | "skipped" | "partial";
            site_key: string;
            url: string;
            source_type: string;
            /** @enum {string} */
            kind: "source.run" | "source.run.web";
            /** @description who leased its task last */
            worker_id: string | null;
            /** @description leases of its task */
            attempts: number;
            items_unchanged: number;
            /** @description elements that stood in their batch before */
            items_duplicate: number;
            batches: number;
            /** @description why it ended before it had read everything */
            outcome_reason: string | null;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            last_activity_at: string;
            error_group: string | null;
            /** @description number of its newest log line */
            log_lines: number;
            /** @description what its worker reported last, while it is open */
            progress: unknown;
            timeline: {
                /**
                 * Format: date-time
                 * @description RFC 3339, UTC
                 */
                at: string;
                /** @enum {string} */
                event: "queued" | "started" | "batch" | "progress" | "lease_lost" | "released" | "cancel_asked" | "ended";
                data: {
                    [key: string]: unknown;
                } | null;
            }[];
            /** @description the first hundred elements that were not stored, with the reasons */
            rejected: unknown[];
            /** @description the first hundred */
            failed_pages: {
                url: string;
                status: number | null;
                reason: string;
            }[];
        };
        AttentionItem: {
            /** @description stays the same while the trouble lasts */
            id: string;
            /** @enum {string} */
            severity: "critical" | "error" | "warning";
            /** @enum {string} */
            cause: "dependency_down" | "disk_low" | "no_worker" | "outbox_stuck" | "source_broken" | "all_rejected" | "source_failing" | "tasks_dead" | "queue_old" | "source_stale" | "yield_low";
            /** @description `source:ID`, `site:S`, `kind:K`, `service:NAME` or `fleet` */
            scope: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            since: string;
            title: string;
            detail: string;
            /** @description sources, tasks or messages; at most 1001 tasks are counted */
            count: number;
            /** @description requests that look closer or mend it */
            actions: {
                label: string;
                /** @enum {string} */
                method: "GET" | "POST" | "PATCH";
                path: string;
                body?: {
                    [key: string]: unknown;
                };
            }[];
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            muted_until?: string;
        };
        /**
         * @example {
         *       "gift_id": "tea:https://tea.example/p/1",
         *       "title": "Black tea in a tin",
         *       "category": "Black tea",
         *       "merchant": null,
         *       "price": 1499.5,
         *       "image_url": null,
         *       "content_text": "Black tea in a tin Black tea"
         *     }
         */
        ScoringTask: {
            gift_id: string;
            title: string;
            category: string | null;
            merchant: string | null;
            price: number | null;
            image_url: string | null;
            content_text: string;
        };
        ScoringSubmitInput: {
            results: components["schemas"]["ScoringResultInput"][];
        };
        /**
         * @example {
         *       "gift_id": "tea:https://tea.example/p/1",
         *       "llm_gift_score": 7.5,
         *       "llm_gift_reasoning": "A useful present for anyone who drinks tea",
         *       "llm_scoring_model": "scorer",
         *       "llm_scoring_version": "1",
         *       "llm_gift_vector": {
         *         "warmth": 6,
         *         "practicality": 8
         *       }
         *     }
         */
        ScoringResultInput: {
            llm_gift_score: number | string;
            llm_gift_reasoning: string;
            llm_scoring_model: string;
            llm_scoring_version: string;
            llm_gift_vector?: {
                [key: string]: unknown;
            } | null;
            gift_id: string;
        };
        /**
         * @example {
         *       "status": "ok",
         *       "updated": 1,
         *       "rejected": [],
         *       "results": [
         *         {
         *           "index": 0,
         *           "gift_id": "tea:https://tea.example/p/1",
         *           "status": "updated",
         *           "ignored": []
         *         }
         *       ]
         *     }
         */
        ScoringAnswer: {
            /** @constant */
            status: "ok";
            /** @description rows written */
            updated: number;
            rejected: {
                index: number;
                gift_id: string | null;
                errors: {
                    field: string;
                    message: string;
                }[];
            }[];
            results: {
                index: number;
                gift_id: string | null;
                /** @enum {string} */
                status: "updated" | "rejected";
                /** @description names of axes that are none */
                ignored: string[];
            }[];
        };
        /**
         * @example {
         *       "external_name": "Black tea",
         *       "products_count": 41,
         *       "sample_titles": [
         *         "Black tea in a tin"
         *       ]
         *     }
         */
        CategoryTask: {
            external_name: string;
            products_count: number;
            sample_titles: string[];
        };
        CategoriesSubmitInput: {
            results: components["schemas"]["CategoryResultInput"][];
        };
        /**
         * @example {
         *       "external_name": "Black tea",
         *       "internal_category_id": 2
         *     }
         */
        CategoryResultInput: {
            internal_category_id: number | string;
            external_name: string;
        };
        /**
         * @example {
         *       "status": "ok",
         *       "updated": 1,
         *       "rejected": [],
         *       "results": [
         *         {
         *           "index": 0,
         *           "external_name": "Black tea",
         *           "status": "updated"
         *         }
         *       ]
         *     }
         */
        CategoriesAnswer: {
            /** @constant */
            status: "ok";
            /** @description rows written */
            updated: number;
            rejected: {
                index: number;
                external_name: string | null;
                errors: {
                    field: string;
                    message: string;
                }[];
            }[];
            results: {
                index: number;
                external_name: string | null;
                /** @enum {string} */
                status: "updated" | "rejected";
            }[];
        };
        /**
         * @example {
         *       "id": 2,
         *       "name": "Tea",
         *       "parent_id": 1
         *     }
         */
        Category: {
            id: number;
            name: string;
            parent_id: number | null;
        };
        Recommendations: {
            /** @constant */
            engine_version: "vector_v1";
            featured_gift: components["schemas"]["RecommendedGift"] | null;
            gifts: components["schemas"]["RecommendedGift"][];
            debug: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * @example {
         *       "gift_id": "tea:https://tea.example/p/1",
         *       "site_key": "tea",
         *       "source_id": 1,
         *       "title": "Black tea in a tin",
         *       "description": null,
         *       "price": 1499.5,
         *       "currency": "RUB",
         *       "image_url": null,
         *       "product_url": "https://tea.example/p/1",
         *       "merchant": null,
         *       "category": "Black tea",
         *       "is_active": true,
         *       "content_text": "Black tea in a tin Black tea",
         *       "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f",
         *       "llm_gift_score": 7.5,
         *       "llm_gift_reasoning": "A useful present for anyone who drinks tea",
         *       "llm_gift_vector": {
         *         "warmth": 6,
         *         "practicality": 8
         *       },
         *       "llm_scoring_model": "scorer",
         *       "llm_scoring_version": "1",
         *       "llm_scored_at": "2026-01-15T10:00:00.000Z",
         *       "needs_scoring": false,
         *       "created_at": "2026-01-15T09:03:00.000Z",
         *       "updated_at": "2026-01-15T10:00:00.000Z",
         *       "last_seen_at": "2026-01-15T09:03:00.000Z",
         *       "score": 0.74,
         *       "similarity": 0.81,
         *       "reasons": [
         *         {
         *           "code": "matches_interest",
         *           "text": "Matches the interest \"tea\""
         *         }
         *       ]
         *     }
         */
        RecommendedGift: {
            gift_id: string;
            site_key: string;
            source_id: number | null;
            title: string;
            description: string | null;
            price: number | null;
            currency: string | null;
            image_url: string | null;
            product_url: string;
            merchant: string | null;
            category: string | null;
            is_active: boolean;
            content_text: string;
            content_hash: string;
            llm_gift_score: number | null;
            llm_gift_reasoning: string | null;
            llm_gift_vector: {
                [key: string]: unknown;
            } | null;
            llm_scoring_model: string | null;
            llm_scoring_version: string | null;
            llm_scored_at: string | null;
            needs_scoring: boolean;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            last_seen_at: string;
            score: number;
            similarity: number | null;
            reasons: {
                /** @enum {string} */
                code: "matches_interest" | "fits_budget" | "axis_high" | "highly_rated" | "preferred";
                text: string;
            }[];
        };
        Task: components["schemas"]["TaskSourceRun"] | components["schemas"]["TaskWebSourceRun"] | components["schemas"]["TaskScoring"] | components["schemas"]["TaskCategoryMapping"] | components["schemas"]["TaskEmbedding"] | components["schemas"]["TaskNotification"];
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "kind": "source.run",
         *       "payload": {
         *         "source_id": 1,
         *         "url": "https://tea.example/catalogue",
         *         "site_key": "tea",
         *         "type": "list",
         *         "strategy": "deep",
         *         "config": {
         *           "currency": "RUB"
         *         },
         *         "run_id": 17
         *       }
         *     }
         */
        TaskSourceRun: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            lease_expires_at: string;
            priority: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "source.run";
            payload: components["schemas"]["RunPayload"];
        };
        /**
         * @example {
         *       "source_id": 1,
         *       "url": "https://tea.example/catalogue",
         *       "site_key": "tea",
         *       "type": "list",
         *       "strategy": "deep",
         *       "config": {
         *         "currency": "RUB"
         *       },
         *       "run_id": 17
         *     }
         */
        RunPayload: {
            source_id: number;
            url: string;
            /** @description selects the spider */
            site_key: string;
            type: string;
            /** @enum {string} */
            strategy: "deep" | "discovery";
            /** @description the source's own settings, without the server's keys */
            config: {
                [key: string]: unknown;
            };
            run_id: number;
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "kind": "source.run.web",
         *       "payload": {
         *         "source_id": 1,
         *         "url": "https://tea.example/catalogue",
         *         "site_key": "tea",
         *         "type": "list",
         *         "strategy": "deep",
         *         "config": {
         *           "currency": "RUB"
         *         },
         *         "run_id": 17
         *       }
         *     }
         */
        TaskWebSourceRun: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            lease_expires_at: string;
            priority: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "source.run.web";
            payload: components["schemas"]["RunPayload"];
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "kind": "scoring",
         *       "payload": {
         *         "gift_id": "tea:https://tea.example/p/1",
         *         "title": "Black tea in a tin",
         *         "category": "Black tea",
         *         "merchant": null,
         *         "price": 1499.5,
         *         "image_url": null,
         *         "content_text": "Black tea in a tin Black tea",
         *         "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f"
         *       }
         *     }
         */
        TaskScoring: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            lease_expires_at: string;
            priority: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "scoring";
            payload: components["schemas"]["ScoringPayload"];
        };
        /**
         * @example {
         *       "gift_id": "tea:https://tea.example/p/1",
         *       "title": "Black tea in a tin",
         *       "category": "Black tea",
         *       "merchant": null,
         *       "price": 1499.5,
         *       "image_url": null,
         *       "content_text": "Black tea in a tin Black tea",
         *       "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f"
         *     }
         */
        ScoringPayload: {
            gift_id: string;
            title: string;
            category: string | null;
            merchant: string | null;
            price: number | null;
            image_url: string | null;
            content_text: string;
            content_hash: string;
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "kind": "category_mapping",
         *       "payload": {
         *         "external_name": "Black tea",
         *         "products_count": 41,
         *         "sample_titles": [
         *           "Black tea in a tin"
         *         ]
         *       }
         *     }
         */
        TaskCategoryMapping: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            lease_expires_at: string;
            priority: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "category_mapping";
            payload: components["schemas"]["CategoryTask"];
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "kind": "embedding",
         *       "payload": {
         *         "gift_id": "tea:https://tea.example/p/1",
         *         "content_text": "Black tea in a tin Black tea",
         *         "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f",
         *         "model_name": "trawl-ngram",
         *         "model_version": "1"
         *       }
         *     }
         */
        TaskEmbedding: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            lease_expires_at: string;
            priority: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "embedding";
            payload: components["schemas"]["EmbeddingPayload"];
        };
        /**
         * @example {
         *       "gift_id": "tea:https://tea.example/p/1",
         *       "content_text": "Black tea in a tin Black tea",
         *       "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f",
         *       "model_name": "trawl-ngram",
         *       "model_version": "1"
         *     }
         */
        EmbeddingPayload: {
            gift_id: string;
            content_text: string;
            content_hash: string;
            model_name: string;
            model_version: string;
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "kind": "notification",
         *       "payload": {
         *         "topic": "scraping",
         *         "text": "tea: the catalogue answered 503",
         *         "data": {
         *           "source_id": 1,
         *           "site_key": "tea",
         *           "is_broken": false
         *         },
         *         "timestamp": "2026-01-15T09:00:12.000Z"
         *       }
         *     }
         */
        TaskNotification: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            lease_expires_at: string;
            priority: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "notification";
            payload: components["schemas"]["NotificationPayload"];
        };
        /**
         * @example {
         *       "topic": "scraping",
         *       "text": "tea: the catalogue answered 503",
         *       "data": {
         *         "source_id": 1,
         *         "site_key": "tea",
         *         "is_broken": false
         *       },
         *       "timestamp": "2026-01-15T09:00:12.000Z"
         *     }
         */
        NotificationPayload: {
            topic: string;
            /** @description Telegram Markdown for the topic `private`, HTML for all others */
            text: string;
            data: {
                [key: string]: unknown;
            };
            /** Format: date-time */
            timestamp: string;
        };
        ListedTask: components["schemas"]["ListedTaskSourceRun"] | components["schemas"]["ListedTaskWebSourceRun"] | components["schemas"]["ListedTaskScoring"] | components["schemas"]["ListedTaskCategoryMapping"] | components["schemas"]["ListedTaskEmbedding"] | components["schemas"]["ListedTaskNotification"] | components["schemas"]["ListedTaskOther"];
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "status": "leased",
         *       "state": "leased",
         *       "worker_id": "worker-1",
         *       "site_key": null,
         *       "group": null,
         *       "error": null,
         *       "result": null,
         *       "progress": {
         *         "page": 2,
         *         "pages": 5
         *       },
         *       "max_attempts": 5,
         *       "available_at": "2026-01-15T09:00:00.000Z",
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "updated_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": null,
         *       "kind": "source.run",
         *       "payload": {
         *         "source_id": 1,
         *         "url": "https://tea.example/catalogue",
         *         "site_key": "tea",
         *         "type": "list",
         *         "strategy": "deep",
         *         "config": {
         *           "currency": "RUB"
         *         },
         *         "run_id": 17
         *       }
         *     }
         */
        ListedTaskSourceRun: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            lease_expires_at: string | null;
            priority: number;
            /** @enum {string} */
            status: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
            /**
             * @description as the engine has it: `status` shows `paused` and `cancelling` as leased
             * @enum {string}
             */
            state: "queued" | "leased" | "paused" | "cancelling" | "completed" | "failed" | "cancelled" | "dead";
            worker_id: string | null;
            site_key: string | null;
            /** @description tasks of one group are limited and paused together */
            group: string | null;
            error: string | null;
            result?: unknown;
            progress?: unknown;
            max_attempts: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            available_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            finished_at: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "source.run";
            payload?: components["schemas"]["RunPayload"];
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "status": "leased",
         *       "state": "leased",
         *       "worker_id": "worker-1",
         *       "site_key": null,
         *       "group": null,
         *       "error": null,
         *       "result": null,
         *       "progress": {
         *         "page": 2,
         *         "pages": 5
         *       },
         *       "max_attempts": 5,
         *       "available_at": "2026-01-15T09:00:00.000Z",
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "updated_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": null,
         *       "kind": "source.run.web",
         *       "payload": {
         *         "source_id": 1,
         *         "url": "https://tea.example/catalogue",
         *         "site_key": "tea",
         *         "type": "list",
         *         "strategy": "deep",
         *         "config": {
         *           "currency": "RUB"
         *         },
         *         "run_id": 17
         *       }
         *     }
         */
        ListedTaskWebSourceRun: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            lease_expires_at: string | null;
            priority: number;
            /** @enum {string} */
            status: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
            /**
             * @description as the engine has it: `status` shows `paused` and `cancelling` as leased
             * @enum {string}
             */
            state: "queued" | "leased" | "paused" | "cancelling" | "completed" | "failed" | "cancelled" | "dead";
            worker_id: string | null;
            site_key: string | null;
            /** @description tasks of one group are limited and paused together */
            group: string | null;
            error: string | null;
            result?: unknown;
            progress?: unknown;
            max_attempts: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            available_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            finished_at: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "source.run.web";
            payload?: components["schemas"]["RunPayload"];
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "status": "leased",
         *       "state": "leased",
         *       "worker_id": "worker-1",
         *       "site_key": null,
         *       "group": null,
         *       "error": null,
         *       "result": null,
         *       "progress": {
         *         "page": 2,
         *         "pages": 5
         *       },
         *       "max_attempts": 5,
         *       "available_at": "2026-01-15T09:00:00.000Z",
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "updated_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": null,
         *       "kind": "scoring",
         *       "payload": {
         *         "gift_id": "tea:https://tea.example/p/1",
         *         "title": "Black tea in a tin",
         *         "category": "Black tea",
         *         "merchant": null,
         *         "price": 1499.5,
         *         "image_url": null,
         *         "content_text": "Black tea in a tin Black tea",
         *         "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f"
         *       }
         *     }
         */
        ListedTaskScoring: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            lease_expires_at: string | null;
            priority: number;
            /** @enum {string} */
            status: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
            /**
             * @description as the engine has it: `status` shows `paused` and `cancelling` as leased
             * @enum {string}
             */
            state: "queued" | "leased" | "paused" | "cancelling" | "completed" | "failed" | "cancelled" | "dead";
            worker_id: string | null;
            site_key: string | null;
            /** @description tasks of one group are limited and paused together */
            group: string | null;
            error: string | null;
            result?: unknown;
            progress?: unknown;
            max_attempts: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            available_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            finished_at: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "scoring";
            payload?: components["schemas"]["ScoringPayload"];
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "status": "leased",
         *       "state": "leased",
         *       "worker_id": "worker-1",
         *       "site_key": null,
         *       "group": null,
         *       "error": null,
         *       "result": null,
         *       "progress": {
         *         "page": 2,
         *         "pages": 5
         *       },
         *       "max_attempts": 5,
         *       "available_at": "2026-01-15T09:00:00.000Z",
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "updated_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": null,
         *       "kind": "category_mapping",
         *       "payload": {
         *         "external_name": "Black tea",
         *         "products_count": 41,
         *         "sample_titles": [
         *           "Black tea in a tin"
         *         ]
         *       }
         *     }
         */
        ListedTaskCategoryMapping: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            lease_expires_at: string | null;
            priority: number;
            /** @enum {string} */
            status: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
            /**
             * @description as the engine has it: `status` shows `paused` and `cancelling` as leased
             * @enum {string}
             */
            state: "queued" | "leased" | "paused" | "cancelling" | "completed" | "failed" | "cancelled" | "dead";
            worker_id: string | null;
            site_key: string | null;
            /** @description tasks of one group are limited and paused together */
            group: string | null;
            error: string | null;
            result?: unknown;
            progress?: unknown;
            max_attempts: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            available_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            finished_at: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "category_mapping";
            payload?: components["schemas"]["CategoryTask"];
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "status": "leased",
         *       "state": "leased",
         *       "worker_id": "worker-1",
         *       "site_key": null,
         *       "group": null,
         *       "error": null,
         *       "result": null,
         *       "progress": {
         *         "page": 2,
         *         "pages": 5
         *       },
         *       "max_attempts": 5,
         *       "available_at": "2026-01-15T09:00:00.000Z",
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "updated_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": null,
         *       "kind": "embedding",
         *       "payload": {
         *         "gift_id": "tea:https://tea.example/p/1",
         *         "content_text": "Black tea in a tin Black tea",
         *         "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f",
         *         "model_name": "trawl-ngram",
         *         "model_version": "1"
         *       }
         *     }
         */
        ListedTaskEmbedding: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            lease_expires_at: string | null;
            priority: number;
            /** @enum {string} */
            status: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
            /**
             * @description as the engine has it: `status` shows `paused` and `cancelling` as leased
             * @enum {string}
             */
            state: "queued" | "leased" | "paused" | "cancelling" | "completed" | "failed" | "cancelled" | "dead";
            worker_id: string | null;
            site_key: string | null;
            /** @description tasks of one group are limited and paused together */
            group: string | null;
            error: string | null;
            result?: unknown;
            progress?: unknown;
            max_attempts: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            available_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            finished_at: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "embedding";
            payload?: components["schemas"]["EmbeddingPayload"];
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "status": "leased",
         *       "state": "leased",
         *       "worker_id": "worker-1",
         *       "site_key": null,
         *       "group": null,
         *       "error": null,
         *       "result": null,
         *       "progress": {
         *         "page": 2,
         *         "pages": 5
         *       },
         *       "max_attempts": 5,
         *       "available_at": "2026-01-15T09:00:00.000Z",
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "updated_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": null,
         *       "kind": "notification",
         *       "payload": {
         *         "topic": "scraping",
         *         "text": "tea: the catalogue answered 503",
         *         "data": {
         *           "source_id": 1,
         *           "site_key": "tea",
         *           "is_broken": false
         *         },
         *         "timestamp": "2026-01-15T09:00:12.000Z"
         *       }
         *     }
         */
        ListedTaskNotification: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            lease_expires_at: string | null;
            priority: number;
            /** @enum {string} */
            status: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
            /**
             * @description as the engine has it: `status` shows `paused` and `cancelling` as leased
             * @enum {string}
             */
            state: "queued" | "leased" | "paused" | "cancelling" | "completed" | "failed" | "cancelled" | "dead";
            worker_id: string | null;
            site_key: string | null;
            /** @description tasks of one group are limited and paused together */
            group: string | null;
            error: string | null;
            result?: unknown;
            progress?: unknown;
            max_attempts: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            available_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            finished_at: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "notification";
            payload?: components["schemas"]["NotificationPayload"];
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "status": "leased",
         *       "state": "leased",
         *       "worker_id": "worker-1",
         *       "site_key": null,
         *       "group": null,
         *       "error": null,
         *       "result": null,
         *       "progress": {
         *         "page": 2,
         *         "pages": 5
         *       },
         *       "max_attempts": 5,
         *       "available_at": "2026-01-15T09:00:00.000Z",
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "updated_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": null,
         *       "kind": "crawler.FETCH_ISSUES",
         *       "payload": {
         *         "task_id": "01J9ZK3V7Q8W5N4M2B1C0D9E8F"
         *       }
         *     }
         */
        ListedTaskOther: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            lease_expires_at: string | null;
            priority: number;
            /** @enum {string} */
            status: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
            /**
             * @description as the engine has it: `status` shows `paused` and `cancelling` as leased
             * @enum {string}
             */
            state: "queued" | "leased" | "paused" | "cancelling" | "completed" | "failed" | "cancelled" | "dead";
            worker_id: string | null;
            site_key: string | null;
            /** @description tasks of one group are limited and paused together */
            group: string | null;
            error: string | null;
            result?: unknown;
            progress?: unknown;
            max_attempts: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            available_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            finished_at: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "embedding.other" | "weeek.reminder" | "love-parser.search" | "love-parser.notifications" | "love-parser.job" | "crawler.DISCOVER_AREAS" | "crawler.FETCH_PROJECTS" | "crawler.FETCH_GROUPS" | "crawler.FETCH_PROJECT_DETAILS" | "crawler.FETCH_GROUP_DETAILS" | "crawler.FETCH_PROJECT_MEMBERS" | "crawler.FETCH_GROUP_MEMBERS" | "crawler.FETCH_ISSUES" | "crawler.FETCH_MERGE_REQUESTS" | "crawler.FETCH_COMMITS" | "crawler.FETCH_BRANCHES" | "crawler.FETCH_TAGS" | "crawler.FETCH_PIPELINES" | "crawler.FETCH_JOBS" | "crawler.FETCH_DEPLOYMENTS" | "crawler.FETCH_ENVIRONMENTS" | "crawler.FETCH_VULNERABILITIES" | "crawler.OTHER";
            payload?: unknown;
        };
        AnyTaskInfo: components["schemas"]["TaskInfoSourceRun"] | components["schemas"]["TaskInfoWebSourceRun"] | components["schemas"]["TaskInfoScoring"] | components["schemas"]["TaskInfoCategoryMapping"] | components["schemas"]["TaskInfoEmbedding"] | components["schemas"]["TaskInfoNotification"] | components["schemas"]["TaskInfoOther"];
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "status": "leased",
         *       "state": "leased",
         *       "worker_id": "worker-1",
         *       "site_key": null,
         *       "group": null,
         *       "error": null,
         *       "result": null,
         *       "progress": {
         *         "page": 2,
         *         "pages": 5
         *       },
         *       "max_attempts": 5,
         *       "available_at": "2026-01-15T09:00:00.000Z",
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "updated_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": null,
         *       "kind": "source.run",
         *       "payload": {
         *         "source_id": 1,
         *         "url": "https://tea.example/catalogue",
         *         "site_key": "tea",
         *         "type": "list",
         *         "strategy": "deep",
         *         "config": {
         *           "currency": "RUB"
         *         },
         *         "run_id": 17
         *       }
         *     }
         */
        TaskInfoSourceRun: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            lease_expires_at: string | null;
            priority: number;
            /** @enum {string} */
            status: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
            /**
             * @description as the engine has it: `status` shows `paused` and `cancelling` as leased
             * @enum {string}
             */
            state: "queued" | "leased" | "paused" | "cancelling" | "completed" | "failed" | "cancelled" | "dead";
            worker_id: string | null;
            site_key: string | null;
            /** @description tasks of one group are limited and paused together */
            group: string | null;
            error: string | null;
            result: unknown;
            progress: unknown;
            max_attempts: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            available_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            finished_at: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "source.run";
            payload: components["schemas"]["RunPayload"];
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "status": "leased",
         *       "state": "leased",
         *       "worker_id": "worker-1",
         *       "site_key": null,
         *       "group": null,
         *       "error": null,
         *       "result": null,
         *       "progress": {
         *         "page": 2,
         *         "pages": 5
         *       },
         *       "max_attempts": 5,
         *       "available_at": "2026-01-15T09:00:00.000Z",
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "updated_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": null,
         *       "kind": "source.run.web",
         *       "payload": {
         *         "source_id": 1,
         *         "url": "https://tea.example/catalogue",
         *         "site_key": "tea",
         *         "type": "list",
         *         "strategy": "deep",
         *         "config": {
         *           "currency": "RUB"
         *         },
         *         "run_id": 17
         *       }
         *     }
         */
        TaskInfoWebSourceRun: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            lease_expires_at: string | null;
            priority: number;
            /** @enum {string} */
            status: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
            /**
             * @description as the engine has it: `status` shows `paused` and `cancelling` as leased
             * @enum {string}
             */
            state: "queued" | "leased" | "paused" | "cancelling" | "completed" | "failed" | "cancelled" | "dead";
            worker_id: string | null;
            site_key: string | null;
            /** @description tasks of one group are limited and paused together */
            group: string | null;
            error: string | null;
            result: unknown;
            progress: unknown;
            max_attempts: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            available_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            finished_at: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "source.run.web";
            payload: components["schemas"]["RunPayload"];
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "status": "leased",
         *       "state": "leased",
         *       "worker_id": "worker-1",
         *       "site_key": null,
         *       "group": null,
         *       "error": null,
         *       "result": null,
         *       "progress": {
         *         "page": 2,
         *         "pages": 5
         *       },
         *       "max_attempts": 5,
         *       "available_at": "2026-01-15T09:00:00.000Z",
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "updated_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": null,
         *       "kind": "scoring",
         *       "payload": {
         *         "gift_id": "tea:https://tea.example/p/1",
         *         "title": "Black tea in a tin",
         *         "category": "Black tea",
         *         "merchant": null,
         *         "price": 1499.5,
         *         "image_url": null,
         *         "content_text": "Black tea in a tin Black tea",
         *         "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f"
         *       }
         *     }
         */
        TaskInfoScoring: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            lease_expires_at: string | null;
            priority: number;
            /** @enum {string} */
            status: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
            /**
             * @description as the engine has it: `status` shows `paused` and `cancelling` as leased
             * @enum {string}
             */
            state: "queued" | "leased" | "paused" | "cancelling" | "completed" | "failed" | "cancelled" | "dead";
            worker_id: string | null;
            site_key: string | null;
            /** @description tasks of one group are limited and paused together */
            group: string | null;
            error: string | null;
            result: unknown;
            progress: unknown;
            max_attempts: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            available_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            finished_at: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "scoring";
            payload: components["schemas"]["ScoringPayload"];
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "status": "leased",
         *       "state": "leased",
         *       "worker_id": "worker-1",
         *       "site_key": null,
         *       "group": null,
         *       "error": null,
         *       "result": null,
         *       "progress": {
         *         "page": 2,
         *         "pages": 5
         *       },
         *       "max_attempts": 5,
         *       "available_at": "2026-01-15T09:00:00.000Z",
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "updated_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": null,
         *       "kind": "category_mapping",
         *       "payload": {
         *         "external_name": "Black tea",
         *         "products_count": 41,
         *         "sample_titles": [
         *           "Black tea in a tin"
         *         ]
         *       }
         *     }
         */
        TaskInfoCategoryMapping: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            lease_expires_at: string | null;
            priority: number;
            /** @enum {string} */
            status: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
            /**
             * @description as the engine has it: `status` shows `paused` and `cancelling` as leased
             * @enum {string}
             */
            state: "queued" | "leased" | "paused" | "cancelling" | "completed" | "failed" | "cancelled" | "dead";
            worker_id: string | null;
            site_key: string | null;
            /** @description tasks of one group are limited and paused together */
            group: string | null;
            error: string | null;
            result: unknown;
            progress: unknown;
            max_attempts: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            available_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            finished_at: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "category_mapping";
            payload: components["schemas"]["CategoryTask"];
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "status": "leased",
         *       "state": "leased",
         *       "worker_id": "worker-1",
         *       "site_key": null,
         *       "group": null,
         *       "error": null,
         *       "result": null,
         *       "progress": {
         *         "page": 2,
         *         "pages": 5
         *       },
         *       "max_attempts": 5,
         *       "available_at": "2026-01-15T09:00:00.000Z",
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "updated_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": null,
         *       "kind": "embedding",
         *       "payload": {
         *         "gift_id": "tea:https://tea.example/p/1",
         *         "content_text": "Black tea in a tin Black tea",
         *         "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f",
         *         "model_name": "trawl-ngram",
         *         "model_version": "1"
         *       }
         *     }
         */
        TaskInfoEmbedding: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            lease_expires_at: string | null;
            priority: number;
            /** @enum {string} */
            status: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
            /**
             * @description as the engine has it: `status` shows `paused` and `cancelling` as leased
             * @enum {string}
             */
            state: "queued" | "leased" | "paused" | "cancelling" | "completed" | "failed" | "cancelled" | "dead";
            worker_id: string | null;
            site_key: string | null;
            /** @description tasks of one group are limited and paused together */
            group: string | null;
            error: string | null;
            result: unknown;
            progress: unknown;
            max_attempts: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            available_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            finished_at: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "embedding";
            payload: components["schemas"]["EmbeddingPayload"];
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "status": "leased",
         *       "state": "leased",
         *       "worker_id": "worker-1",
         *       "site_key": null,
         *       "group": null,
         *       "error": null,
         *       "result": null,
         *       "progress": {
         *         "page": 2,
         *         "pages": 5
         *       },
         *       "max_attempts": 5,
         *       "available_at": "2026-01-15T09:00:00.000Z",
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "updated_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": null,
         *       "kind": "notification",
         *       "payload": {
         *         "topic": "scraping",
         *         "text": "tea: the catalogue answered 503",
         *         "data": {
         *           "source_id": 1,
         *           "site_key": "tea",
         *           "is_broken": false
         *         },
         *         "timestamp": "2026-01-15T09:00:12.000Z"
         *       }
         *     }
         */
        TaskInfoNotification: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            lease_expires_at: string | null;
            priority: number;
            /** @enum {string} */
            status: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
            /**
             * @description as the engine has it: `status` shows `paused` and `cancelling` as leased
             * @enum {string}
             */
            state: "queued" | "leased" | "paused" | "cancelling" | "completed" | "failed" | "cancelled" | "dead";
            worker_id: string | null;
            site_key: string | null;
            /** @description tasks of one group are limited and paused together */
            group: string | null;
            error: string | null;
            result: unknown;
            progress: unknown;
            max_attempts: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            available_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            finished_at: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "notification";
            payload: components["schemas"]["NotificationPayload"];
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "fence": 1,
         *       "attempt": 1,
         *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
         *       "priority": 50,
         *       "status": "leased",
         *       "state": "leased",
         *       "worker_id": "worker-1",
         *       "site_key": null,
         *       "group": null,
         *       "error": null,
         *       "result": null,
         *       "progress": {
         *         "page": 2,
         *         "pages": 5
         *       },
         *       "max_attempts": 5,
         *       "available_at": "2026-01-15T09:00:00.000Z",
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "updated_at": "2026-01-15T09:00:02.000Z",
         *       "finished_at": null,
         *       "kind": "crawler.FETCH_ISSUES",
         *       "payload": {
         *         "task_id": "01J9ZK3V7Q8W5N4M2B1C0D9E8F"
         *       }
         *     }
         */
        TaskInfoOther: {
            id: string;
            /** @description rises with each lease */
            fence: number;
            /** @description from 1 */
            attempt: number;
            lease_expires_at: string | null;
            priority: number;
            /** @enum {string} */
            status: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
            /**
             * @description as the engine has it: `status` shows `paused` and `cancelling` as leased
             * @enum {string}
             */
            state: "queued" | "leased" | "paused" | "cancelling" | "completed" | "failed" | "cancelled" | "dead";
            worker_id: string | null;
            site_key: string | null;
            /** @description tasks of one group are limited and paused together */
            group: string | null;
            error: string | null;
            result: unknown;
            progress: unknown;
            max_attempts: number;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            available_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
            finished_at: string | null;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "embedding.other" | "weeek.reminder" | "love-parser.search" | "love-parser.notifications" | "love-parser.job" | "crawler.DISCOVER_AREAS" | "crawler.FETCH_PROJECTS" | "crawler.FETCH_GROUPS" | "crawler.FETCH_PROJECT_DETAILS" | "crawler.FETCH_GROUP_DETAILS" | "crawler.FETCH_PROJECT_MEMBERS" | "crawler.FETCH_GROUP_MEMBERS" | "crawler.FETCH_ISSUES" | "crawler.FETCH_MERGE_REQUESTS" | "crawler.FETCH_COMMITS" | "crawler.FETCH_BRANCHES" | "crawler.FETCH_TAGS" | "crawler.FETCH_PIPELINES" | "crawler.FETCH_JOBS" | "crawler.FETCH_DEPLOYMENTS" | "crawler.FETCH_ENVIRONMENTS" | "crawler.FETCH_VULNERABILITIES" | "crawler.OTHER";
            payload: unknown;
        };
        /**
         * @example {
         *       "id": 3,
         *       "chat_id": 700001,
         *       "slug": "ann",
         *       "name": "Ann",
         *       "mentor_id": null,
         *       "subscriptions": [
         *         "scraping"
         *       ],
         *       "language": "ru",
         *       "is_active": true,
         *       "role": "user",
         *       "permissions": [],
         *       "created_at": "2026-01-10T12:00:00.000Z",
         *       "updated_at": "2026-01-10T12:00:00.000Z"
         *     }
         */
        Subscriber: {
            id: number;
            chat_id: number | null;
            slug: string | null;
            name: string | null;
            mentor_id: number | null;
            subscriptions: string[];
            language: string;
            is_active: boolean;
            /** @enum {string} */
            role: "user" | "admin" | "superadmin";
            permissions: string[];
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            created_at: string;
            /**
             * Format: date-time
             * @description RFC 3339, UTC
             */
            updated_at: string;
        };
        /**
         * @example {
         *       "status": "ok",
         *       "user": {
         *         "id": 700001,
         *         "name": "Ann",
         *         "role": "admin",
         *         "permissions": []
         *       },
         *       "token": "eyJhbGciOiJIUzI1NiJ9.e30.signature",
         *       "token_type": "Bearer",
         *       "expires_in": 43200
         *     }
         */
        DashboardLogin: {
            /** @constant */
            status: "ok";
            user: {
                /** @description chat id */
                id: number;
                name: string | null;
                /** @enum {string} */
                role: "user" | "admin" | "superadmin";
                permissions: string[];
            };
            /** @description Bearer of the /internal routes */
            token: string;
            /** @constant */
            token_type: "Bearer";
            /** @description seconds */
            expires_in: number;
        };
        /** @description What went wrong */
        GiftyErrorWithDetail: {
            error: {
                code: string;
                message: string;
                fields?: {
                    details?: {
                        type: string;
                        loc: (string | number)[];
                        msg: string;
                        input: unknown;
                    }[];
                } & {
                    [key: string]: unknown;
                };
            };
            detail: string;
        };
        /**
         * @example {
         *       "id": "issues-of-platform-api",
         *       "type": "FETCH_ISSUES",
         *       "status": "running",
         *       "createdAt": "2026-01-15T09:00:00.000Z",
         *       "updatedAt": "2026-01-15T09:00:05.000Z",
         *       "startedAt": "2026-01-15T09:00:02.000Z",
         *       "progress": {
         *         "processed": 50,
         *         "total": 120,
         *         "percentage": 42,
         *         "currentStep": "issues"
         *       }
         *     }
         */
        CrawlerTask: {
            id: string;
            type: string;
            /** @enum {string} */
            status: "queued" | "running" | "completed" | "failed" | "paused";
            createdAt: string;
            updatedAt: string;
            startedAt?: string;
            completedAt?: string;
            progress: {
                processed: number;
                total: number | null;
                percentage: number | null;
                currentStep: string | null;
            };
            error?: string;
        };
        /** @description What went wrong */
        CrawlerError: {
            error: string;
            message?: string;
            status: number;
            timestamp: string;
            code: string;
            retryable: boolean;
            details: {
                requestId: string;
                taskId?: string;
                fields?: {
                    field: string;
                    message: string;
                }[];
            } & {
                [key: string]: unknown;
            };
        };
        /**
         * @example {
         *       "id": "issues-of-platform-api",
         *       "type": "FETCH_ISSUES",
         *       "credentials": {
         *         "accessToken": "glpat-example",
         *         "tokenType": "pat"
         *       },
         *       "apiEndpoint": "https://gitlab.example/api/v4",
         *       "priority": "normal",
         *       "options": {
         *         "resourceId": "platform/api",
         *         "resourceType": "project",
         *         "pagination": {
         *           "pageSize": 50
         *         }
         *       }
         *     }
         */
        CrawlerTaskDataInput: {
            id: string | number;
            /** @enum {string} */
            type: "DISCOVER_AREAS" | "FETCH_PROJECTS" | "FETCH_GROUPS" | "FETCH_PROJECT_DETAILS" | "FETCH_GROUP_DETAILS" | "FETCH_PROJECT_MEMBERS" | "FETCH_GROUP_MEMBERS" | "FETCH_ISSUES" | "FETCH_MERGE_REQUESTS" | "FETCH_COMMITS" | "FETCH_BRANCHES" | "FETCH_TAGS" | "FETCH_PIPELINES" | "FETCH_JOBS" | "FETCH_DEPLOYMENTS" | "FETCH_ENVIRONMENTS" | "FETCH_VULNERABILITIES";
            credentials: {
                accessToken: string;
                refreshToken?: string | null;
                clientId?: string | null;
                clientSecret?: string | null;
                tokenType?: ("oauth2" | "pat") | null;
                expiresAt?: string | null;
            };
            apiEndpoint?: string | null;
            rateLimits?: {
                requestsPerMinute?: number | null;
                requestsPerHour?: number | null;
                burstLimit?: number | null;
                /** @default true */
                respectRetryAfter?: boolean | null;
            } | null;
            /** @default normal */
            priority?: ("low" | "normal" | "high" | "urgent") | null;
            /**
             * @default {
             *       "outputFormat": "json",
             *       "includeMetadata": false
             *     }
             */
            options?: {
                resourceId?: (string | number) | null;
                resourceType?: ("project" | "group" | "user" | "instance") | null;
                branch?: string | null;
                fromDate?: string | null;
                toDate?: string | null;
                pagination?: {
                    pageSize?: number | null;
                    maxPages?: number | null;
                    cursor?: string | null;
                } | null;
                filters?: Record<string, never> | null;
                /** @default json */
                outputFormat?: ("json" | "csv" | "xml") | null;
                /** @default false */
                includeMetadata?: boolean | null;
                fanout?: (("default" | "full" | "none") | {
                    /** @default [] */
                    group?: ("DISCOVER_AREAS" | "FETCH_PROJECTS" | "FETCH_GROUPS" | "FETCH_PROJECT_DETAILS" | "FETCH_GROUP_DETAILS" | "FETCH_PROJECT_MEMBERS" | "FETCH_GROUP_MEMBERS" | "FETCH_ISSUES" | "FETCH_MERGE_REQUESTS" | "FETCH_COMMITS" | "FETCH_BRANCHES" | "FETCH_TAGS" | "FETCH_PIPELINES" | "FETCH_JOBS" | "FETCH_DEPLOYMENTS" | "FETCH_ENVIRONMENTS" | "FETCH_VULNERABILITIES")[] | null;
                    /** @default [] */
                    project?: ("DISCOVER_AREAS" | "FETCH_PROJECTS" | "FETCH_GROUPS" | "FETCH_PROJECT_DETAILS" | "FETCH_GROUP_DETAILS" | "FETCH_PROJECT_MEMBERS" | "FETCH_GROUP_MEMBERS" | "FETCH_ISSUES" | "FETCH_MERGE_REQUESTS" | "FETCH_COMMITS" | "FETCH_BRANCHES" | "FETCH_TAGS" | "FETCH_PIPELINES" | "FETCH_JOBS" | "FETCH_DEPLOYMENTS" | "FETCH_ENVIRONMENTS" | "FETCH_VULNERABILITIES")[] | null;
                }) | null;
            } | null;
        };
        /**
         * @example {
         *       "id": "issues-of-platform-api",
         *       "type": "FETCH_ISSUES",
         *       "status": "running",
         *       "createdAt": "2026-01-15T09:00:00.000Z",
         *       "updatedAt": "2026-01-15T09:00:05.000Z",
         *       "startedAt": "2026-01-15T09:00:02.000Z",
         *       "progress": {
         *         "processed": 50,
         *         "total": 120,
         *         "percentage": 42,
         *         "currentStep": "issues"
         *       },
         *       "jobStatus": "running",
         *       "metadata": {
         *         "resourceId": "platform/api",
         *         "resourceType": "project",
         *         "apiEndpoint": "https://gitlab.example/api/v4",
         *         "command": "issues",
         *         "priority": "normal",
         *         "attempts": 1,
         *         "maxAttempts": 3,
         *         "run": 1,
         *         "leasedBy": "worker-1",
         *         "leaseExpiresAt": "2026-01-15T09:01:02.000Z"
         *       }
         *     }
         */
        CrawlerTaskDetail: {
            id: string;
            type: string;
            /** @enum {string} */
            status: "queued" | "running" | "completed" | "failed" | "paused";
            createdAt: string;
            updatedAt: string;
            startedAt?: string;
            completedAt?: string;
            progress: {
                processed: number;
                total: number | null;
                percentage: number | null;
                currentStep: string | null;
            };
            error?: string;
            /** @enum {string} */
            jobStatus: "queued" | "running" | "finished" | "failed" | "paused" | "credential_expired" | "waiting_credential_renewal" | "credential_renewed";
            metadata: {
                resourceId?: string;
                resourceType?: string;
                gitlabId?: string;
                apiEndpoint?: string;
                branch?: string;
                fromDate?: string;
                toDate?: string;
                command: string;
                /** @enum {string} */
                priority: "low" | "normal" | "high" | "urgent";
                attempts: number;
                maxAttempts: number;
                run: number;
                spawnedFrom?: string;
                leasedBy?: string;
                leaseExpiresAt?: string;
                deadLetter?: boolean;
            };
        };
        /**
         * @example {
         *       "id": "issues-of-platform-api",
         *       "type": "FETCH_ISSUES",
         *       "status": "running",
         *       "createdAt": "2026-01-15T09:00:00.000Z",
         *       "updatedAt": "2026-01-15T09:00:05.000Z",
         *       "startedAt": "2026-01-15T09:00:02.000Z",
         *       "progress": {
         *         "processed": 50,
         *         "total": 120,
         *         "percentage": 42,
         *         "currentStep": "issues"
         *       },
         *       "jobStatus": "running",
         *       "metadata": {
         *         "resourceId": "platform/api",
         *         "resourceType": "project",
         *         "apiEndpoint": "https://gitlab.example/api/v4",
         *         "command": "issues",
         *         "priority": "normal",
         *         "attempts": 1,
         *         "maxAttempts": 3,
         *         "run": 1,
         *         "leasedBy": "worker-1",
         *         "leaseExpiresAt": "2026-01-15T09:01:02.000Z"
         *       },
         *       "credentials": {
         *         "accessToken": "glpat-example",
         *         "tokenType": "pat",
         *         "refreshable": false,
         *         "version": 1
         *       },
         *       "options": {
         *         "resourceId": "platform/api",
         *         "resourceType": "project",
         *         "outputFormat": "json",
         *         "includeMetadata": false
         *       },
         *       "resumeState": null,
         *       "lease": {
         *         "workerId": "worker-1",
         *         "fence": 1,
         *         "leaseSeconds": 60,
         *         "expiresAt": "2026-01-15T09:01:02.000Z",
         *         "attempt": 1,
         *         "maxAttempts": 3
         *       }
         *     }
         */
        CrawlerLeasedTask: {
            id: string;
            /** @enum {string} */
            type: "DISCOVER_AREAS" | "FETCH_PROJECTS" | "FETCH_GROUPS" | "FETCH_PROJECT_DETAILS" | "FETCH_GROUP_DETAILS" | "FETCH_PROJECT_MEMBERS" | "FETCH_GROUP_MEMBERS" | "FETCH_ISSUES" | "FETCH_MERGE_REQUESTS" | "FETCH_COMMITS" | "FETCH_BRANCHES" | "FETCH_TAGS" | "FETCH_PIPELINES" | "FETCH_JOBS" | "FETCH_DEPLOYMENTS" | "FETCH_ENVIRONMENTS" | "FETCH_VULNERABILITIES";
            /** @enum {string} */
            status: "queued" | "running" | "completed" | "failed" | "paused";
            createdAt: string;
            updatedAt: string;
            startedAt?: string;
            completedAt?: string;
            progress: {
                processed: number;
                total: number | null;
                percentage: number | null;
                currentStep: string | null;
            };
            error?: string;
            /** @enum {string} */
            jobStatus: "queued" | "running" | "finished" | "failed" | "paused" | "credential_expired" | "waiting_credential_renewal" | "credential_renewed";
            metadata: {
                resourceId?: string;
                resourceType?: string;
                gitlabId?: string;
                apiEndpoint?: string;
                branch?: string;
                fromDate?: string;
                toDate?: string;
                command: string;
                /** @enum {string} */
                priority: "low" | "normal" | "high" | "urgent";
                attempts: number;
                maxAttempts: number;
                run: number;
                spawnedFrom?: string;
                leasedBy?: string;
                leaseExpiresAt?: string;
                deadLetter?: boolean;
            };
            credentials: components["schemas"]["CrawlerCredentials"];
            options: components["schemas"]["CrawlerTaskOptions"];
            rateLimits?: {
                requestsPerMinute?: number;
                requestsPerHour?: number;
                burstLimit?: number;
                respectRetryAfter: boolean;
            };
            resumeState: unknown;
            lease: {
                workerId: string;
                fence: number;
                leaseSeconds: number;
                expiresAt: string;
                attempt: number;
                maxAttempts: number;
            };
        };
        /**
         * @example {
         *       "accessToken": "glpat-example",
         *       "tokenType": "pat",
         *       "refreshable": false,
         *       "version": 1
         *     }
         */
        CrawlerCredentials: {
            accessToken: string;
            /** @enum {string} */
            tokenType: "oauth2" | "pat";
            expiresAt?: string;
            refreshable: boolean;
            version: number;
        };
        CrawlerTaskOptions: {
            resourceId?: string;
            /** @enum {string} */
            resourceType?: "project" | "group" | "user" | "instance";
            branch?: string;
            fromDate?: string;
            toDate?: string;
            pagination?: {
                pageSize?: number;
                maxPages?: number;
                cursor?: string;
            };
            filters?: {
                [key: string]: unknown;
            };
            /** @enum {string} */
            outputFormat: "json" | "csv" | "xml";
            includeMetadata: boolean;
            fanout?: ("default" | "full" | "none") | {
                /** @default [] */
                group: unknown;
                /** @default [] */
                project: unknown;
            };
        };
        /**
         * @example {
         *       "type": "progress",
         *       "processedItems": 50,
         *       "totalItems": 120,
         *       "currentStep": "issues",
         *       "itemsByType": {
         *         "issues": 50
         *       },
         *       "resumeState": {
         *         "cursor": "page-2"
         *       },
         *       "workerId": "worker-1",
         *       "fence": 1
         *     }
         */
        CrawlerUpdateInput: {
            /** @enum {string} */
            type: "progress" | "status" | "error" | "completed" | "failed" | "started" | "paused" | "resumed";
            processedItems?: number | null;
            processed?: number | null;
            totalItems?: number | null;
            total?: number | null;
            percentage?: number | null;
            currentStep?: string | null;
            currentDataType?: string | null;
            stage?: string | null;
            operationType?: string | null;
            lastProcessedId?: (string | number) | null;
            message?: string | null;
            error?: (string | Record<string, never>) | null;
            errorTimestamp?: string | null;
            itemsByType?: Record<string, never> | null;
            itemsByTypeMode?: ("add" | "total") | null;
            groupCount?: number | null;
            projectCount?: number | null;
            groupTotal?: number | null;
            projectTotal?: number | null;
            metadata?: Record<string, never> | null;
            timeline?: {
                /** @description an ISO-8601 time; UTC where it names no zone */
                timestamp: string;
                event: string;
                details?: unknown;
            }[] | null;
            resumeState?: unknown;
            credentialStatus?: Record<string, never> | null;
            timestamp?: string | null;
            progress?: unknown;
            areas?: {
                /** @enum {string} */
                type: "group" | "project";
                gitlabId: string | number;
                fullPath: string;
                name?: string | null;
                webUrl?: string | null;
                description?: string | null;
                parentPath?: string | null;
                discoveredBy?: string | null;
            }[] | null;
            status?: string | null;
            updateId?: string | null;
            workerId?: string | null;
            fence?: number | null;
            retryable?: boolean | null;
            retryAfterSeconds?: number | null;
        };
        /**
         * @example {
         *       "taskId": "issues-of-platform-api",
         *       "status": "acknowledged",
         *       "message": "Progress update processed for task issues-of-platform-api",
         *       "timestamp": "2026-01-15T09:00:05.000Z",
         *       "currentStatus": "running",
         *       "progress": {
         *         "processed": 50,
         *         "total": 120,
         *         "percentage": 42,
         *         "currentStep": "issues",
         *         "message": null
         *       },
         *       "lease": {
         *         "fence": 1,
         *         "expiresAt": "2026-01-15T09:01:05.000Z"
         *       }
         *     }
         */
        CrawlerAcknowledged: {
            taskId: string;
            /** @constant */
            status: "acknowledged";
            message: string;
            timestamp: string;
            /** @enum {string} */
            currentStatus: "queued" | "running" | "completed" | "failed" | "paused";
            progress: {
                processed: number;
                total: number | null;
                percentage: number | null;
                currentStep: string | null;
                message: string | null;
            };
            /** @constant */
            ignored?: true;
            /** @constant */
            duplicate?: true;
            /** @constant */
            willRetry?: true;
            lease?: {
                fence: number;
                expiresAt: string;
            };
            areas?: {
                received: number;
                inserted: number;
                jobsCreated: number;
            };
        };
        /**
         * @example {
         *       "processed": 50,
         *       "processedItems": 50,
         *       "total": 120,
         *       "totalItems": 120,
         *       "percentage": 42,
         *       "currentStep": "issues",
         *       "message": null,
         *       "error": null,
         *       "errorTimestamp": null,
         *       "metadata": {},
         *       "itemsByType": {
         *         "issues": 50
         *       },
         *       "currentDataType": null,
         *       "lastProcessedId": null,
         *       "stage": null,
         *       "operationType": null,
         *       "resumeState": {
         *         "cursor": "page-2"
         *       },
         *       "lastAreasDiscovery": null,
         *       "credentialStatus": null
         *     }
         */
        CrawlerProgress: {
            processed: number;
            processedItems: number;
            total: number | null;
            totalItems: number | null;
            percentage: number | null;
            currentStep: string | null;
            message: string | null;
            /** @description a text, or an object with a message */
            error: unknown;
            errorTimestamp: string | null;
            metadata: {
                [key: string]: unknown;
            };
            itemsByType: {
                [key: string]: number;
            };
            currentDataType: string | null;
            lastProcessedId: string | number | null;
            stage: string | null;
            operationType: string | null;
            /** @description any JSON that the worker has left for the next attempt */
            resumeState: unknown;
            lastAreasDiscovery: {
                timestamp: string;
                groups: number;
                projects: number;
                inserted: number;
                jobsCreated: number;
            } | null;
            credentialStatus: {
                [key: string]: unknown;
            } | null;
        };
        /**
         * @example {
         *       "status": "healthy",
         *       "timestamp": "2026-01-15T09:00:00.000Z",
         *       "version": "0.1.0",
         *       "uptime": 3600,
         *       "responseTime": 2
         *     }
         */
        CrawlerHealth: {
            /** @enum {string} */
            status: "healthy" | "degraded" | "unhealthy";
            timestamp: string;
            version: string;
            uptime: number;
            responseTime: number;
            services?: {
                database: {
                    /** @enum {string} */
                    status: "up" | "degraded" | "down";
                    responseTime: number;
                };
                authentication: {
                    /** @enum {string} */
                    status: "up" | "degraded" | "down";
                    configured: boolean;
                };
                jobProcessor: {
                    /** @enum {string} */
                    status: "up" | "degraded" | "down";
                    activeJobs: number;
                    queuedJobs: number;
                    failedJobs: number;
                    recentCompletions: number;
                };
                websockets: {
                    /** @enum {string} */
                    status: "up" | "degraded" | "down";
                    activeConnections: number;
                    /** @constant */
                    supportEnabled: true;
                };
                eventBus?: {
                    /** @enum {string} */
                    status: "up" | "degraded" | "down";
                };
                dispatcher?: {
                    /** @enum {string} */
                    status: "up" | "degraded" | "down";
                };
            };
            system?: {
                runtimeVersion: string;
                memoryUsage: {
                    used: number;
                    free: number;
                    total: number;
                };
            };
            configuration?: {
                crawlerApiTokenConfigured: boolean;
                environment: string;
            };
            data?: {
                /** @enum {string} */
                status: "healthy" | "degraded" | "unhealthy";
                timestamp: string;
                version: string;
                uptime: number;
                responseTime: number;
                services?: {
                    database: {
                        /** @enum {string} */
                        status: "up" | "degraded" | "down";
                        responseTime: number;
                    };
                    authentication: {
                        /** @enum {string} */
                        status: "up" | "degraded" | "down";
                        configured: boolean;
                    };
                    jobProcessor: {
                        /** @enum {string} */
                        status: "up" | "degraded" | "down";
                        activeJobs: number;
                        queuedJobs: number;
                        failedJobs: number;
                        recentCompletions: number;
                    };
                    websockets: {
                        /** @enum {string} */
                        status: "up" | "degraded" | "down";
                        activeConnections: number;
                        /** @constant */
                        supportEnabled: true;
                    };
                    eventBus?: {
                        /** @enum {string} */
                        status: "up" | "degraded" | "down";
                    };
                    dispatcher?: {
                        /** @enum {string} */
                        status: "up" | "degraded" | "down";
                    };
                };
                system?: {
                    runtimeVersion: string;
                    memoryUsage: {
                        used: number;
                        free: number;
                        total: number;
                    };
                };
                configuration?: {
                    crawlerApiTokenConfigured: boolean;
                    environment: string;
                };
            };
        };
        /** @description What went wrong */
        LoveParserError: {
            error: {
                message: string;
                code: string;
                statusCode: number;
                details?: {
                    [key: string]: unknown;
                };
                requestId: string;
            };
        };
        /**
         * @example {
         *       "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56",
         *       "order": "1",
         *       "user_id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e57",
         *       "subscription_id": null,
         *       "plan_type": "month",
         *       "amount": "950.00",
         *       "currency": "RUB",
         *       "status": "pending",
         *       "is_test": false,
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "paid_at": null
         *     }
         */
        OperatorPayment: {
            /** Format: uuid */
            id: string;
            order: string;
            /** Format: uuid */
            user_id: string;
            subscription_id: string | null;
            plan_type: string;
            amount: string;
            currency: string;
            /** @enum {string} */
            status: "pending" | "completed" | "failed" | "cancelled";
            is_test: boolean;
            /** Format: date-time */
            created_at: string;
            paid_at: string | null;
        };
        /**
         * @example {
         *       "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e58",
         *       "reason": "signature",
         *       "order": "1",
         *       "sum": "950.00",
         *       "address": "185.59.216.65",
         *       "created_at": "2026-01-15T09:01:00.000Z"
         *     }
         */
        RefusedNotification: {
            /** Format: uuid */
            id: string;
            reason: string;
            order: string | null;
            sum: string | null;
            address: string;
            /** Format: date-time */
            created_at: string;
        };
        /**
         * @example {
         *       "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56",
         *       "order": "1",
         *       "user_id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e57",
         *       "subscription_id": null,
         *       "plan_type": "month",
         *       "amount": "950.00",
         *       "currency": "RUB",
         *       "status": "pending",
         *       "is_test": false,
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "paid_at": null,
         *       "subscription": null,
         *       "callback": {},
         *       "refused": [
         *         {
         *           "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e58",
         *           "reason": "signature",
         *           "order": "1",
         *           "sum": "950.00",
         *           "address": "185.59.216.65",
         *           "created_at": "2026-01-15T09:01:00.000Z"
         *         }
         *       ]
         *     }
         */
        OperatorPaymentDetail: {
            /** Format: uuid */
            id: string;
            order: string;
            /** Format: uuid */
            user_id: string;
            subscription_id: string | null;
            plan_type: string;
            amount: string;
            currency: string;
            /** @enum {string} */
            status: "pending" | "completed" | "failed" | "cancelled";
            is_test: boolean;
            /** Format: date-time */
            created_at: string;
            paid_at: string | null;
            subscription: {
                /** Format: uuid */
                subscription_id: string;
                plan_type: string | null;
                status: string;
                /** Format: date-time */
                started_at: string;
                /** Format: date-time */
                expires_at: string;
            } | null;
            /** @description the kept parameters of the notification, without signature */
            callback: {
                [key: string]: unknown;
            };
            /** @description refused notifications of this order, the newest 50 */
            refused: components["schemas"]["RefusedNotification"][];
        };
        /**
         * @example {
         *       "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e57",
         *       "status": "active",
         *       "phone_number": "+*********33",
         *       "telegram_username": "ann",
         *       "created_at": "2026-01-01T09:00:00.000Z",
         *       "plan": {
         *         "plan_type": "free",
         *         "status": "active",
         *         "expires_at": "2026-01-31T09:00:00.000Z"
         *       },
         *       "notifications": []
         *     }
         */
        OperatorUser: {
            /** Format: uuid */
            id: string;
            /** @enum {string} */
            status: "active" | "blocked";
            /** @description all but the last two digits are hidden */
            phone_number: string | null;
            telegram_username: string | null;
            /** Format: date-time */
            created_at: string;
            plan: {
                plan_type: string;
                /** @enum {string} */
                status: "active" | "expired";
                expires_at: string | null;
            };
            /** @description the newest 20 */
            notifications: {
                /** Format: uuid */
                id: string;
                template: string;
                /** Format: date-time */
                created_at: string;
                sent_at: string | null;
            }[];
        };
        /**
         * @example {
         *       "subscription_id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e59",
         *       "plan_type": "month",
         *       "status": "expired",
         *       "expires_at": "2026-01-20T09:00:00.000Z"
         *     }
         */
        EndedPlan: {
            /** Format: uuid */
            subscription_id: string;
            plan_type: string | null;
            status: string;
            /** Format: date-time */
            expires_at: string;
        };
        /**
         * @example {
         *       "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e57",
         *       "status": "blocked"
         *     }
         */
        OperatorUserStatus: {
            /** Format: uuid */
            id: string;
            /** @enum {string} */
            status: "active" | "blocked";
        };
        /**
         * @example {
         *       "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e58",
         *       "template": "PAYMENT_PENDING_REMINDER"
         *     }
         */
        ResentNotification: {
            /** Format: uuid */
            id: string;
            template: string;
        };
        /**
         * @example {
         *       "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e5a",
         *       "at": "2026-01-20T09:00:00.000Z",
         *       "actor": {
         *         "kind": "dashboard",
         *         "id": "subscriber:7",
         *         "name": "Ann"
         *       },
         *       "action": "user.block",
         *       "target": {
         *         "kind": "user",
         *         "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e57"
         *       },
         *       "before": {
         *         "status": "active"
         *       },
         *       "after": {
         *         "status": "blocked"
         *       },
         *       "reason": "spam",
         *       "request_id": "3f1c7a52",
         *       "ip": "203.0.113.7"
         *     }
         */
        AuditEntry: {
            /** Format: uuid */
            id: string;
            /** Format: date-time */
            at: string;
            actor: {
                kind: string;
                id: string;
                name: string | null;
            };
            action: string;
            target: {
                kind: string;
                id: string;
            };
            before: {
                [key: string]: unknown;
            } | null;
            after: {
                [key: string]: unknown;
            } | null;
            reason: string;
            request_id: string;
            ip: string;
        };
        /**
         * @example {
         *       "auth_session_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "phone_code_hash": "a1b2c3d4e5"
         *     }
         */
        SentCode: {
            auth_session_id: string;
            phone_code_hash: string;
        };
        Login: {
            /** @example eyJhbGciOiJIUzI1NiJ9.e30.signature */
            access_token: string;
            user: components["schemas"]["LoveParserUser"];
        };
        /**
         * @example {
         *       "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56",
         *       "phone_number": "+79990000001",
         *       "telegram_id": "700001",
         *       "telegram_username": "ann",
         *       "is_active": true,
         *       "telegram_profile_photo_id": null,
         *       "first_name": "Ann",
         *       "last_name": null,
         *       "subscription": {
         *         "plan_type": "month",
         *         "status": "active",
         *         "expires_at": "2026-02-14T09:00:00.000Z"
         *       },
         *       "limits": {
         *         "parsing_limit": 100,
         *         "parsing_used": 3,
         *         "parsing_resets_at": "2026-02-14T09:00:00.000Z",
         *         "audience_limit": 50,
         *         "audience_used": 1,
         *         "audience_resets_at": "2026-02-14T09:00:00.000Z",
         *         "broadcast_limit": -1,
         *         "broadcast_used": 0,
         *         "broadcast_resets_at": null
         *       }
         *     }
         */
        LoveParserUser: {
            id: string;
            phone_number: string | null;
            telegram_id: string | null;
            telegram_username: string | null;
            is_active: boolean;
            telegram_profile_photo_id: string | null;
            first_name: string | null;
            last_name: string | null;
            subscription: {
                plan_type: string | null;
                status: string | null;
                expires_at: string | null;
            };
            /** @description −1 is unlimited */
            limits: {
                parsing_limit: number;
                parsing_used: number;
                parsing_resets_at: string | null;
                audience_limit: number;
                audience_used: number;
                audience_resets_at: string | null;
                broadcast_limit: number;
                broadcast_used: number;
                broadcast_resets_at: string | null;
            };
        };
        /**
         * @example {
         *       "user_profile": {
         *         "name": "Ann",
         *         "username": "@ann",
         *         "photo_url": null,
         *         "phone": "+79990000001"
         *       },
         *       "subscription": {
         *         "plan": "month",
         *         "status": "active",
         *         "expires_at": "2026-02-14T09:00:00.000Z",
         *         "renewal_status": "manual"
         *       },
         *       "limits": {
         *         "parsing_limit": 100,
         *         "parsing_used": 3,
         *         "audience_limit": 50,
         *         "audience_used": 1,
         *         "broadcast_limit": "unlimited",
         *         "broadcast_used": 0
         *       },
         *       "stats": {
         *         "total_channels_found": 42,
         *         "total_audience_analyzed": 12,
         *         "total_broadcasts_sent": 0,
         *         "recent_activity": [
         *           {
         *             "type": "parsing",
         *             "name": "tea shops",
         *             "created_at": "2026-01-15T09:00:00.000Z",
         *             "status": "completed"
         *           }
         *         ]
         *       }
         *     }
         */
        LoveParserDashboard: {
            user_profile: {
                name: string | null;
                username: string | null;
                photo_url: string | null;
                phone: string | null;
            };
            subscription: {
                /** @enum {string} */
                plan: "year" | "month" | "week" | "free";
                /** @enum {string} */
                status: "active" | "expired";
                expires_at: string | null;
                /** @enum {string} */
                renewal_status: "expired" | "auto" | "manual";
            };
            limits: {
                parsing_limit: number | "unlimited";
                parsing_used: number;
                audience_limit: number | "unlimited";
                audience_used: number;
                broadcast_limit: number | "unlimited";
                broadcast_used: number;
            };
            stats: {
                total_channels_found: number;
                total_audience_analyzed: number;
                /** @constant */
                total_broadcasts_sent: 0;
                recent_activity: {
                    /** @enum {string} */
                    type: "parsing" | "audience";
                    name: string;
                    created_at: string;
                    /** @enum {string} */
                    status: "completed" | "failed" | "in_progress";
                }[];
            };
        };
        /**
         * @example {
         *       "search_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "status": "processing",
         *       "progress": 0,
         *       "source": "sandbox"
         *     }
         */
        AcceptedSearch: {
            search_id: string;
            /** @constant */
            status: "processing";
            /** @constant */
            progress: 0;
            /** @enum {string} */
            source: "sandbox" | "mtproto";
        };
        /**
         * @example {
         *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "query": "tea shops",
         *       "filters": {
         *         "language": "en",
         *         "min_subscribers": 1000
         *       },
         *       "status": "completed",
         *       "created_at": "2026-01-15T09:00:00.000Z",
         *       "results_count": 42,
         *       "source": "sandbox",
         *       "error": null,
         *       "completed_at": "2026-01-15T09:00:20.000Z"
         *     }
         */
        Search: {
            id: string;
            query: string;
            filters: {
                [key: string]: unknown;
            };
            /** @enum {string} */
            status: "pending" | "processing" | "completed" | "failed";
            created_at: string;
            results_count: number;
            /** @enum {string} */
            source: "sandbox" | "mtproto";
            error: string | null;
            completed_at: string | null;
        };
        SearchResults: {
            /** @example 42 */
            total: number;
            /** @example 1 */
            page: number;
            /** @example 50 */
            limit: number;
            results: components["schemas"]["Channel"][];
            /** @enum {string} */
            source: "sandbox" | "mtproto";
        };
        /**
         * @example {
         *       "channel_id": "1001",
         *       "title": "Tea every day",
         *       "username": "@teaday",
         *       "subscribers": 12400,
         *       "description": "News of tea shops",
         *       "activity_score": 0.82,
         *       "activity_level": "high",
         *       "last_post": "2026-01-15T08:40:00.000Z"
         *     }
         */
        Channel: {
            channel_id: string;
            title: string | null;
            username: string | null;
            subscribers: number;
            description: string | null;
            activity_score: number;
            /** @enum {string} */
            activity_level: "low" | "medium" | "high";
            last_post: string | null;
        };
        /**
         * @example {
         *       "id": "0198c5d0-8b62-7d4f-8e53-6a1f7c2b3d45",
         *       "name": "Lively ones",
         *       "description": null,
         *       "source_parsing_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
         *       "filters": {
         *         "activity_level": "high"
         *       },
         *       "total_recipients": 12,
         *       "status": "ready",
         *       "created_at": "2026-01-15T09:01:00.000Z",
         *       "updated_at": "2026-01-15T09:01:00.000Z"
         *     }
         */
        Segment: {
            id: string;
            name: string;
            description: string | null;
            source_parsing_id: string | null;
            filters: {
                [key: string]: unknown;
            };
            total_recipients: number;
            /** @enum {string} */
            status: "ready" | "processing" | "failed";
            created_at: string;
            updated_at: string;
        };
        /**
         * @example {
         *       "total": 12,
         *       "preview": [
         *         {
         *           "username": "@teaday",
         *           "user_id": "1001",
         *           "engagement_score": 0.82,
         *           "activity_level": "high"
         *         }
         *       ]
         *     }
         */
        SegmentPreview: {
            total: number;
            preview: {
                username: string | null;
                user_id: string;
                engagement_score: number;
                /** @enum {string} */
                activity_level: "low" | "medium" | "high";
            }[];
        };
        Plans: {
            plans: {
                /** @enum {string} */
                type: "free" | "week" | "month" | "year";
                /** @example Неделя */
                name: string;
                /**
                 * @description roubles
                 * @example 450
                 */
                price: number;
                /** @constant */
                currency: "RUB";
                limits: {
                    /**
                     * @description −1 unlimited, 0 none
                     * @example 10
                     */
                    parsing: number;
                    /**
                     * @description −1 unlimited, 0 none
                     * @example 10
                     */
                    audience: number;
                    /**
                     * @description −1 unlimited, 0 none
                     * @example 10
                     */
                    broadcast: number;
                };
            }[];
        };
        /**
         * @example {
         *       "plan_type": "month",
         *       "status": "active",
         *       "expires_at": "2026-02-14T09:00:00.000Z",
         *       "renewal_status": "manual",
         *       "auto_renewal_enabled": false
         *     }
         */
        CurrentSubscription: {
            plan_type: string;
            /** @enum {string} */
            status: "active" | "expired";
            expires_at: string | null;
            /** @enum {string} */
            renewal_status: "auto" | "manual" | "expired";
            auto_renewal_enabled: boolean;
        };
        /**
         * @example {
         *       "plan_type": "month"
         *     }
         */
        PurchaseInput: {
            /** @enum {string} */
            plan_type: "week" | "month" | "year";
        };
        /**
         * @example {
         *       "payment_id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56",
         *       "robokassa_url": "https://auth.robokassa.ru/Merchant/Index.aspx?MerchantLogin=demo&OutSum=950.00&InvId=1",
         *       "order_id": "1"
         *     }
         */
        PurchaseAnswer: {
            /** Format: uuid */
            payment_id: string;
            /** Format: uri */
            robokassa_url: string;
            /** @description decimal */
            order_id: string;
        };
        /**
         * @description And `Shp_*` parameters
         * @example {
         *       "OutSum": "950.00",
         *       "InvId": "1",
         *       "SignatureValue": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e"
         *     }
         */
        RobokassaNotificationInput: {
            /** @description hex, any case */
            SignatureValue: string | number;
            /** @description number of the order */
            InvId: string | number;
            /** @description what was paid */
            OutSum?: string | number | boolean | null;
            /** @description the same under its older name */
            Sum?: string | number | boolean | null;
            /** @description login of the shop */
            MerchantLogin?: string | number | boolean | null;
            /** @description `1` for a payment of the test mode */
            IsTest?: string | number | boolean | null;
            /** @description currency of the sum */
            OutSumCurrency?: string | number | boolean | null;
        };
        NotificationAnswer: {
            /** @constant */
            result: "OK";
        };
        /**
         * @example {
         *       "exists": true,
         *       "name": "tea_cats",
         *       "id": 11,
         *       "title": "Tea cats"
         *     }
         */
        StickerSetCheck: {
            /** @constant */
            exists: true;
            name: string;
            id: number;
            title: string;
        } | {
            /** @constant */
            exists: false;
            name: string;
        };
        /** @description What went wrong */
        StickersError: {
            error: string;
            message: string;
            details?: {
                field: string;
                code: string;
                message: string;
            }[];
            requestId?: string;
        };
        StickerSetSearch: {
            content: components["schemas"]["StickerSet"][];
            /** @example 20 */
            limit: number;
            /** @example 0 */
            offset: number;
            /** @example 1 */
            totalElements: number;
            /** @example false */
            hasNext: boolean;
        };
        /**
         * @example {
         *       "id": 11,
         *       "userId": 42,
         *       "title": "Tea cats",
         *       "description": null,
         *       "descriptions": null,
         *       "name": "tea_cats",
         *       "url": "https://t.me/addstickers/tea_cats",
         *       "createdAt": "2026-01-15T09:00:00.000Z",
         *       "telegramStickerSetInfo": null,
         *       "categories": [
         *         {
         *           "id": 3,
         *           "key": "cute",
         *           "name": "Cute",
         *           "description": null,
         *           "iconUrl": null,
         *           "displayOrder": 30,
         *           "isActive": true
         *         }
         *       ],
         *       "likesCount": 5,
         *       "state": "ACTIVE",
         *       "visibility": "PUBLIC",
         *       "type": "USER",
         *       "deletedAt": null,
         *       "blockReason": null,
         *       "isPublic": true,
         *       "isBlocked": false,
         *       "isOfficial": false,
         *       "authorId": 42,
         *       "availableActions": [],
         *       "isLikedByCurrentUser": false
         *     }
         */
        StickerSet: {
            id: number;
            userId: number;
            title: string;
            description: string | null;
            descriptions: {
                [key: string]: string;
            } | null;
            name: string;
            url: string;
            /** Format: date-time */
            createdAt: string;
            telegramStickerSetInfo: {
                [key: string]: unknown;
            } | null;
            categories: components["schemas"]["StickerCategory"][];
            likesCount: number;
            /** @enum {string} */
            state: "ACTIVE" | "DELETED" | "BLOCKED";
            /** @enum {string} */
            visibility: "PUBLIC" | "PRIVATE";
            /** @enum {string} */
            type: "USER" | "OFFICIAL";
            deletedAt: string | null;
            blockReason: string | null;
            isPublic: boolean;
            isBlocked: boolean;
            isOfficial: boolean;
            authorId: number | null;
            availableActions: ("DELETE" | "EDIT_CATEGORIES" | "PUBLISH" | "UNPUBLISH")[];
            isLikedByCurrentUser: boolean;
        };
        /**
         * @example {
         *       "id": 3,
         *       "key": "cute",
         *       "name": "Cute",
         *       "description": null,
         *       "iconUrl": null,
         *       "displayOrder": 30,
         *       "isActive": true
         *     }
         */
        StickerCategory: {
            id: number;
            key: string;
            name: string;
            description: string | null;
            iconUrl: string | null;
            displayOrder: number;
            isActive: boolean;
        };
        StickerCategoryList: {
            content: components["schemas"]["StickerCategory"][];
        };
        StickerSetPage: {
            content: components["schemas"]["StickerSet"][];
            /** @example 0 */
            page: number;
            /** @example 20 */
            size: number;
            /** @example 1 */
            totalElements: number;
            /** @example 1 */
            totalPages: number;
            first: boolean;
            last: boolean;
            /** @example false */
            hasNext: boolean;
            /** @example false */
            hasPrevious: boolean;
        };
        /**
         * @example {
         *       "name": "https://t.me/addstickers/tea_cats",
         *       "title": "Tea cats",
         *       "categoryKeys": [
         *         "cute"
         *       ],
         *       "visibility": "PUBLIC"
         *     }
         */
        StickerSetCreateInput: {
            name: string;
            title?: string | null;
            description?: string | null;
            categoryKeys?: string[] | null;
            /** @description deprecated: used only without visibility */
            isPublic?: boolean | null;
            visibility?: ("PUBLIC" | "PRIVATE") | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getInternalSources: {
        parameters: {
            query?: {
                /** @description only sources of this site */
                site_key?: string;
                /** @description only sources in this status */
                status?: string;
                /** @description only active sources, or only inactive ones */
                is_active?: boolean;
                /** @description most sources; all of them when absent */
                limit?: number;
                /** @description only sources with a greater id: the last one of the page before */
                after_id?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "id": 1,
                     *         "url": "https://tea.example/catalogue",
                     *         "type": "list",
                     *         "site_key": "tea",
                     *         "strategy": "deep",
                     *         "priority": 50,
                     *         "refresh_interval_hours": 24,
                     *         "schedule": null,
                     *         "overlap": "skip",
                     *         "is_active": true,
                     *         "status": "waiting",
                     *         "last_synced_at": "2026-01-15T09:04:12.000Z",
                     *         "next_sync_at": "2026-01-16T09:04:12.000Z",
                     *         "created_at": "2026-01-10T12:00:00.000Z",
                     *         "updated_at": "2026-01-15T09:04:12.000Z",
                     *         "config": {
                     *           "currency": "RUB",
                     *           "last_stats": {
                     *             "processed_items": 120,
                     *             "new_items": 12
                     *           }
                     *         },
                     *         "total_items": 120,
                     *         "last_run_new": 12,
                     *         "history": null
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["ParsingSource"][];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalSources: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "url": "https://tea.example/catalogue",
                 *       "type": "list",
                 *       "site_key": "tea",
                 *       "strategy": "deep",
                 *       "priority": 50,
                 *       "refresh_interval_hours": 24,
                 *       "config": {
                 *         "currency": "RUB"
                 *       }
                 *     }
                 */
                "application/json": {
                    url: string;
                    type: string;
                    /** @example tea */
                    site_key: string;
                    strategy?: ("deep" | "discovery") | null;
                    priority?: (number | string) | null;
                    refresh_interval_hours?: (number | string) | null;
                    is_active?: (boolean | (0 | 1) | string) | null;
                    config?: {
                        [key: string]: unknown;
                    } | null;
                    schedule?: {
                        /** @description five cron fields */
                        cron: string;
                        /** @description IANA zone; UTC when absent */
                        timezone?: string | null;
                        /** @description each time comes up to so many seconds later */
                        jitter_seconds?: (number | string) | null;
                        blackout?: {
                            /** @description days on which it begins; 0 is Sunday */
                            days: (number | string)[];
                            /** @example 22:00 */
                            from: string;
                            /**
                             * @description it ends before this; on the next day unless this is later than `from`
                             * @example 22:00
                             */
                            to: string;
                        }[] | null;
                        /** @description no due time after it */
                        ends_at?: string | null;
                    } | null;
                    overlap?: ("skip" | "queue_one") | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 1,
                     *       "url": "https://tea.example/catalogue",
                     *       "type": "list",
                     *       "site_key": "tea",
                     *       "strategy": "deep",
                     *       "priority": 50,
                     *       "refresh_interval_hours": 24,
                     *       "schedule": null,
                     *       "overlap": "skip",
                     *       "is_active": true,
                     *       "status": "waiting",
                     *       "last_synced_at": "2026-01-15T09:04:12.000Z",
                     *       "next_sync_at": "2026-01-16T09:04:12.000Z",
                     *       "created_at": "2026-01-10T12:00:00.000Z",
                     *       "updated_at": "2026-01-15T09:04:12.000Z",
                     *       "config": {
                     *         "currency": "RUB",
                     *         "last_stats": {
                     *           "processed_items": 120,
                     *           "new_items": 12
                     *         }
                     *       },
                     *       "total_items": 120,
                     *       "last_run_new": 12,
                     *       "history": null
                     *     }
                     */
                    "application/json": components["schemas"]["ParsingSource"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalSourcesSyncSpiders: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "available_spiders": [
                 *         "tea",
                 *         "books"
                 *       ]
                 *     }
                 */
                "application/json": {
                    /** @description site keys that the fleet has spiders for */
                    available_spiders: string[];
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "new_spiders": [
                     *         "books"
                     *       ],
                     *       "rejected": []
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        new_spiders: string[];
                        rejected: string[];
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalSourcesBacklog: {
        parameters: {
            query?: {
                /** @description most sources */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "id": 1,
                     *         "url": "https://tea.example/catalogue",
                     *         "type": "list",
                     *         "site_key": "tea",
                     *         "strategy": "deep",
                     *         "priority": 50,
                     *         "refresh_interval_hours": 24,
                     *         "schedule": null,
                     *         "overlap": "skip",
                     *         "is_active": true,
                     *         "status": "waiting",
                     *         "last_synced_at": "2026-01-15T09:04:12.000Z",
                     *         "next_sync_at": "2026-01-16T09:04:12.000Z",
                     *         "created_at": "2026-01-10T12:00:00.000Z",
                     *         "updated_at": "2026-01-15T09:04:12.000Z",
                     *         "config": {
                     *           "currency": "RUB",
                     *           "last_stats": {
                     *             "processed_items": 120,
                     *             "new_items": 12
                     *           }
                     *         },
                     *         "total_items": 120,
                     *         "last_run_new": 12,
                     *         "history": null
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["ParsingSource"][];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalSourcesBacklogActivate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "source_ids": [
                 *         4,
                 *         5
                 *       ]
                 *     }
                 */
                "application/json": {
                    source_ids: (number | string)[];
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "activated_count": 1,
                     *       "skipped": [
                     *         {
                     *           "source_id": 5,
                     *           "reason": "not_discovered"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        activated_count: number;
                        skipped: {
                            source_id: number;
                            /** @enum {string} */
                            reason: "not_found" | "not_discovered";
                        }[];
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalSourcesBacklogStats: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "discovered_today": 12,
                     *       "quota": 50,
                     *       "remaining": 38,
                     *       "backlog_total": 3
                     *     }
                     */
                    "application/json": {
                        discovered_today: number;
                        quota: number;
                        remaining: number;
                        backlog_total: number;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalSourcesId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the source
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 1,
                     *       "url": "https://tea.example/catalogue",
                     *       "type": "list",
                     *       "site_key": "tea",
                     *       "strategy": "deep",
                     *       "priority": 50,
                     *       "refresh_interval_hours": 24,
                     *       "schedule": null,
                     *       "overlap": "skip",
                     *       "is_active": true,
                     *       "status": "waiting",
                     *       "last_synced_at": "2026-01-15T09:04:12.000Z",
                     *       "next_sync_at": "2026-01-16T09:04:12.000Z",
                     *       "created_at": "2026-01-10T12:00:00.000Z",
                     *       "updated_at": "2026-01-15T09:04:12.000Z",
                     *       "config": {
                     *         "currency": "RUB",
                     *         "last_stats": {
                     *           "processed_items": 120,
                     *           "new_items": 12
                     *         }
                     *       },
                     *       "total_items": 120,
                     *       "last_run_new": 12,
                     *       "history": null
                     *     }
                     */
                    "application/json": components["schemas"]["ParsingSource"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    deleteInternalSourcesId: {
        parameters: {
            query?: {
                /** @description cancels the open run before */
                cancel?: boolean;
            };
            header?: never;
            path: {
                /**
                 * @description id of the source
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    patchInternalSourcesId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the source
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "priority": 80,
                 *       "schedule": {
                 *         "cron": "0 6 * * *",
                 *         "timezone": "Europe/Moscow"
                 *       }
                 *     }
                 */
                "application/json": {
                    url?: string | null;
                    type?: string | null;
                    strategy?: ("deep" | "discovery") | null;
                    priority?: (number | string) | null;
                    refresh_interval_hours?: (number | string) | null;
                    is_active?: (boolean | (0 | 1) | string) | null;
                    config?: {
                        [key: string]: unknown;
                    } | null;
                    overlap?: ("skip" | "queue_one") | null;
                    schedule?: {
                        /** @description five cron fields */
                        cron: string;
                        /** @description IANA zone; UTC when absent */
                        timezone?: string | null;
                        /** @description each time comes up to so many seconds later */
                        jitter_seconds?: (number | string) | null;
                        blackout?: {
                            /** @description days on which it begins; 0 is Sunday */
                            days: (number | string)[];
                            /** @example 22:00 */
                            from: string;
                            /**
                             * @description it ends before this; on the next day unless this is later than `from`
                             * @example 22:00
                             */
                            to: string;
                        }[] | null;
                        /** @description no due time after it */
                        ends_at?: string | null;
                    } | null;
                    /** @description when it is due next; the time that it has is no change */
                    next_sync_at?: string | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 1,
                     *       "url": "https://tea.example/catalogue",
                     *       "type": "list",
                     *       "site_key": "tea",
                     *       "strategy": "deep",
                     *       "priority": 50,
                     *       "refresh_interval_hours": 24,
                     *       "schedule": null,
                     *       "overlap": "skip",
                     *       "is_active": true,
                     *       "status": "waiting",
                     *       "last_synced_at": "2026-01-15T09:04:12.000Z",
                     *       "next_sync_at": "2026-01-16T09:04:12.000Z",
                     *       "created_at": "2026-01-10T12:00:00.000Z",
                     *       "updated_at": "2026-01-15T09:04:12.000Z",
                     *       "config": {
                     *         "currency": "RUB",
                     *         "last_stats": {
                     *           "processed_items": 120,
                     *           "new_items": 12
                     *         }
                     *       },
                     *       "total_items": 120,
                     *       "last_run_new": 12,
                     *       "history": null
                     *     }
                     */
                    "application/json": components["schemas"]["ParsingSource"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalSourcesIdRuns: {
        parameters: {
            query?: {
                /** @description most rows of the page */
                limit?: number;
                /** @description `next_cursor` of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /**
                 * @description id of the source
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": 17,
                     *           "source_id": 1,
                     *           "task_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                     *           "date": "2026-01-15T09:00:02.000Z",
                     *           "started_at": "2026-01-15T09:00:02.000Z",
                     *           "finished_at": "2026-01-15T09:04:12.000Z",
                     *           "duration_seconds": 250,
                     *           "status": "completed",
                     *           "strategy": "deep",
                     *           "trigger": "force",
                     *           "items_scraped": 120,
                     *           "items_new": 12,
                     *           "items_updated": 30,
                     *           "categories_found": 0,
                     *           "items_rejected": 1,
                     *           "pages_failed": 0,
                     *           "outcome": "partial",
                     *           "error": null
                     *         }
                     *       ],
                     *       "next_cursor": "WzE3XQ"
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Run"][];
                        /**
                         * @description cursor of the next page; null on the last one
                         * @example WzE3XQ
                         */
                        next_cursor: string | null;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalSourcesIdForceRun: {
        parameters: {
            query?: {
                /** @description instead of the source's own strategy */
                strategy?: "deep" | "discovery";
            };
            header?: never;
            path: {
                /**
                 * @description id of the source
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "strategy": "deep"
                 *     }
                 */
                "application/json": {
                    /** @description instead of the source's own strategy */
                    strategy?: ("deep" | "discovery") | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "message": "Run queued",
                     *       "run_id": 17,
                     *       "task_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        message: string;
                        run_id: number | null;
                        task_id: string | null;
                        /** @description the open run after which this one starts */
                        queued_after?: number;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalSourcesIdToggle: {
        parameters: {
            query?: {
                /** @description whether the scheduler dispatches the source */
                is_active?: boolean;
            };
            header?: never;
            path: {
                /**
                 * @description id of the source
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "is_active": false
                 *     }
                 */
                "application/json": {
                    /** @description whether the scheduler dispatches the source */
                    is_active?: (boolean | (0 | 1) | string) | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "is_active": true
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        is_active: boolean;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalSourcesIdReportStatus: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the source
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "status": "running",
                 *       "run_id": 17
                 *     }
                 */
                "application/json": {
                    /** @enum {string} */
                    status: "queued" | "running" | "waiting" | "error" | "broken";
                    /**
                     * @description the run that the report is about; the open one when absent
                     * @example 17
                     */
                    run_id?: (number | string) | null;
                    task_id?: string | null;
                    worker_id?: string | null;
                    fence?: (number | string) | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        /**
                         * @description set when nothing was changed: the named run had ended, or another attempt is under way
                         * @constant
                         */
                        ignored?: true;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalSourcesIdReportLogs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the source
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        /** @description At most 8 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "logs": "2026-01-15 09:00:02 page 1: 60 products\n",
                 *       "run_id": 17
                 *     }
                 */
                "application/json": {
                    logs: string;
                    /**
                     * @description the run that the report is about; the open one when absent
                     * @example 17
                     */
                    run_id?: (number | string) | null;
                    task_id?: string | null;
                    worker_id?: string | null;
                    fence?: (number | string) | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        /**
                         * @description set when nothing was changed: the named run had ended, or another attempt is under way
                         * @constant
                         */
                        ignored?: true;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalSourcesIdReportError: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the source
                 * @example 1
                 */
                id: number;
            };
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "error": "the catalogue answered 503",
                 *       "is_broken": false,
                 *       "run_id": 17
                 *     }
                 */
                "application/json": {
                    error: string;
                    /** @default true */
                    is_broken?: (boolean | (0 | 1) | string) | null;
                    /**
                     * @description the run that the report is about; the open one when absent
                     * @example 17
                     */
                    run_id?: (number | string) | null;
                    task_id?: string | null;
                    worker_id?: string | null;
                    fence?: (number | string) | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        /**
                         * @description set when nothing was changed: the named run had ended, or another attempt is under way
                         * @constant
                         */
                        ignored?: true;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalIngestBatch: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key and body gets the same answer */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        /** @description At most 32 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "source_id": 1,
                 *       "items": [
                 *         {
                 *           "title": "Black tea in a tin",
                 *           "product_url": "https://tea.example/p/1",
                 *           "site_key": "tea",
                 *           "price": "1 499,50 ₽",
                 *           "category": "Black tea"
                 *         },
                 *         {
                 *           "title": "Teapot",
                 *           "product_url": "https://tea.example/p/2",
                 *           "site_key": "tea",
                 *           "price": 2300,
                 *           "currency": "RUB"
                 *         }
                 *       ],
                 *       "categories": [
                 *         {
                 *           "name": "Green tea",
                 *           "url": "https://tea.example/green",
                 *           "site_key": "tea"
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["IngestBatchInput"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "items_ingested": 1,
                     *       "items_updated": 0,
                     *       "items_unchanged": 0,
                     *       "items_duplicate": 0,
                     *       "categories_ingested": 1,
                     *       "run_id": 17,
                     *       "rejected": [
                     *         {
                     *           "kind": "item",
                     *           "index": 1,
                     *           "errors": [
                     *             {
                     *               "field": "title",
                     *               "message": "Field required"
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["IngestAnswer"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalProductsSearch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "query": "tea for a colleague",
                 *       "limit": 5,
                 *       "max_price": 2000
                 *     }
                 */
                "application/json": components["schemas"]["ProductSearchInput"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "results": [
                     *         {
                     *           "product": {
                     *             "gift_id": "tea:https://tea.example/p/1",
                     *             "site_key": "tea",
                     *             "source_id": 1,
                     *             "title": "Black tea in a tin",
                     *             "description": null,
                     *             "price": 1499.5,
                     *             "currency": "RUB",
                     *             "image_url": null,
                     *             "product_url": "https://tea.example/p/1",
                     *             "merchant": null,
                     *             "category": "Black tea",
                     *             "is_active": true,
                     *             "content_text": "Black tea in a tin Black tea",
                     *             "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f",
                     *             "llm_gift_score": 7.5,
                     *             "llm_gift_reasoning": "A useful present for anyone who drinks tea",
                     *             "llm_gift_vector": {
                     *               "warmth": 6,
                     *               "practicality": 8
                     *             },
                     *             "llm_scoring_model": "scorer",
                     *             "llm_scoring_version": "1",
                     *             "llm_scored_at": "2026-01-15T10:00:00.000Z",
                     *             "needs_scoring": false,
                     *             "created_at": "2026-01-15T09:03:00.000Z",
                     *             "updated_at": "2026-01-15T10:00:00.000Z",
                     *             "last_seen_at": "2026-01-15T09:03:00.000Z"
                     *           },
                     *           "similarity": 0.81
                     *         }
                     *       ],
                     *       "model": "trawl-ngram"
                     *     }
                     */
                    "application/json": components["schemas"]["ProductSearchAnswer"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalEmbeddingsTasks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "model_name": "trawl-ngram",
                 *       "model_version": "1",
                 *       "limit": 50,
                 *       "worker_id": "worker-1",
                 *       "lease_seconds": 900
                 *     }
                 */
                "application/json": {
                    /** @example trawl-ngram */
                    model_name: string;
                    /** @example 1 */
                    model_version: string;
                    /** @default 50 */
                    limit?: (number | string) | null;
                    /** @description whose lease it is; without a name the lease lasts 120 s and gives way to other nameless ones */
                    worker_id?: string | null;
                    /**
                     * @description how long a named lease lasts, in seconds
                     * @default 900
                     */
                    lease_seconds?: (number | string) | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "tasks": [
                     *         {
                     *           "gift_id": "tea:https://tea.example/p/1",
                     *           "content_text": "Black tea in a tin Black tea",
                     *           "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        tasks: {
                            gift_id: string;
                            content_text: string;
                            content_hash: string;
                        }[];
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalEmbeddingsSubmit: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 32 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "model_name": "trawl-ngram",
                 *       "model_version": "1",
                 *       "results": [
                 *         {
                 *           "gift_id": "tea:https://tea.example/p/1",
                 *           "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f",
                 *           "embedding": [
                 *             0.12,
                 *             -0.03,
                 *             0.4
                 *           ]
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["EmbeddingsSubmitInput"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "updated": 1,
                     *       "rejected": [],
                     *       "results": [
                     *         {
                     *           "index": 0,
                     *           "gift_id": "tea:https://tea.example/p/1",
                     *           "status": "updated"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["EmbeddingsAnswer"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalProducts: {
        parameters: {
            query?: {
                /** @description only products of this site */
                site_key?: string;
                /** @description only products with this category name of their shop */
                category?: string;
                /** @description lowest price */
                min_price?: number;
                /** @description highest price */
                max_price?: number;
                /** @description only active products, or only inactive ones */
                is_active?: boolean;
                /** @description only this product */
                gift_id?: string;
                /** @description only products last ingested for this source */
                source_id?: number;
                /** @description only products that have changed since */
                updated_after?: string;
                /** @description full text: every word, in title, description, merchant or category */
                q?: string;
                /** @description `updated` (newest change first, the default), `price` (cheapest first, none without a price) or `id`; not with `q` */
                sort?: "updated" | "price" | "id";
                /** @description most products of the page */
                limit?: number;
                /** @description `next_cursor` of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "gift_id": "tea:https://tea.example/p/1",
                     *           "site_key": "tea",
                     *           "source_id": 1,
                     *           "title": "Black tea in a tin",
                     *           "description": null,
                     *           "price": 1499.5,
                     *           "currency": "RUB",
                     *           "image_url": null,
                     *           "product_url": "https://tea.example/p/1",
                     *           "merchant": null,
                     *           "category": "Black tea",
                     *           "is_active": true,
                     *           "content_text": "Black tea in a tin Black tea",
                     *           "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f",
                     *           "llm_gift_score": 7.5,
                     *           "llm_gift_reasoning": "A useful present for anyone who drinks tea",
                     *           "llm_gift_vector": {
                     *             "warmth": 6,
                     *             "practicality": 8
                     *           },
                     *           "llm_scoring_model": "scorer",
                     *           "llm_scoring_version": "1",
                     *           "llm_scored_at": "2026-01-15T10:00:00.000Z",
                     *           "needs_scoring": false,
                     *           "created_at": "2026-01-15T09:03:00.000Z",
                     *           "updated_at": "2026-01-15T10:00:00.000Z",
                     *           "last_seen_at": "2026-01-15T09:03:00.000Z"
                     *         }
                     *       ],
                     *       "next_cursor": "WzE3XQ"
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Product"][];
                        /**
                         * @description cursor of the next page; null on the last one
                         * @example WzE3XQ
                         */
                        next_cursor: string | null;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalProductsExport: {
        parameters: {
            query?: {
                /** @description only products of this site */
                site_key?: string;
                /** @description only products with this category name of their shop */
                category?: string;
                /** @description lowest price */
                min_price?: number;
                /** @description highest price */
                max_price?: number;
                /** @description only active products, or only inactive ones */
                is_active?: boolean;
                /** @description only this product */
                gift_id?: string;
                /** @description only products last ingested for this source */
                source_id?: number;
                /** @description only products that have changed since */
                updated_after?: string;
                /** @description form of the file */
                format?: "csv" | "ndjson" | "parquet";
                /** @description a comma list of fields of the product, written in this order; all when absent */
                fields?: string;
                /** @description also what else the worker sent of the product */
                include?: "raw_data";
                /** @description CSV as spreadsheets read it: byte order mark, semicolons, decimal commas */
                excel?: boolean;
                /** @description gift id of the last row that was read: goes on behind it */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example gift_id,title,price
                     *     tea:https://tea.example/p/1,Black tea in a tin,1499.5
                     */
                    "text/csv": string;
                    /** @example {"gift_id":"tea:https://tea.example/p/1","title":"Black tea in a tin","price":1499.5} */
                    "application/x-ndjson": string;
                    /** @example PAR1 */
                    "application/vnd.apache.parquet": string;
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalProductsGiftIdPrices: {
        parameters: {
            query?: {
                /** @description most rows of the page */
                limit?: number;
                /** @description `next_cursor` of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /**
                 * @description gift id of the product
                 * @example tea:https://tea.example/p/1
                 */
                gift_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "price": 1499.5,
                     *           "currency": "RUB",
                     *           "seen_at": "2026-01-15T09:03:00.000Z",
                     *           "run_id": 17
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["PriceHistory"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalProductsGiftId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description gift id of the product
                 * @example tea:https://tea.example/p/1
                 */
                gift_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "gift_id": "tea:https://tea.example/p/1",
                     *       "site_key": "tea",
                     *       "source_id": 1,
                     *       "title": "Black tea in a tin",
                     *       "description": null,
                     *       "price": 1499.5,
                     *       "currency": "RUB",
                     *       "image_url": null,
                     *       "product_url": "https://tea.example/p/1",
                     *       "merchant": null,
                     *       "category": "Black tea",
                     *       "is_active": true,
                     *       "content_text": "Black tea in a tin Black tea",
                     *       "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f",
                     *       "llm_gift_score": 7.5,
                     *       "llm_gift_reasoning": "A useful present for anyone who drinks tea",
                     *       "llm_gift_vector": {
                     *         "warmth": 6,
                     *         "practicality": 8
                     *       },
                     *       "llm_scoring_model": "scorer",
                     *       "llm_scoring_version": "1",
                     *       "llm_scored_at": "2026-01-15T10:00:00.000Z",
                     *       "needs_scoring": false,
                     *       "created_at": "2026-01-15T09:03:00.000Z",
                     *       "updated_at": "2026-01-15T10:00:00.000Z",
                     *       "last_seen_at": "2026-01-15T09:03:00.000Z",
                     *       "raw": {
                     *         "weight": "100 g"
                     *       },
                     *       "price_history": [
                     *         {
                     *           "price": 1499.5,
                     *           "currency": "RUB",
                     *           "seen_at": "2026-01-15T09:03:00.000Z"
                     *         }
                     *       ],
                     *       "embeddings": [
                     *         {
                     *           "model_name": "trawl-ngram",
                     *           "model_version": "1",
                     *           "dim": 384,
                     *           "embedded_at": "2026-01-15T09:03:05.000Z",
                     *           "stale": false
                     *         }
                     *       ],
                     *       "runs": [
                     *         {
                     *           "run_id": 17,
                     *           "seen_at": "2026-01-15T09:03:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ProductDetail"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalSites: {
        parameters: {
            query?: {
                /** @description most rows of the page */
                limit?: number;
                /** @description `next_cursor` of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "site_key": "tea",
                     *           "sources": {
                     *             "waiting": 2,
                     *             "error": 1
                     *           },
                     *           "sources_active": 3,
                     *           "items": 1240,
                     *           "last_success_at": "2026-01-15T09:04:12.000Z",
                     *           "freshness_seconds": 3600,
                     *           "error_share": 0,
                     *           "yields": [
                     *             {
                     *               "run_id": 17,
                     *               "source_id": 1,
                     *               "at": "2026-01-15T09:04:12.000Z",
                     *               "status": "partial",
                     *               "items": 120,
                     *               "items_new": 12,
                     *               "items_updated": 30,
                     *               "items_rejected": 1,
                     *               "pages_failed": 0
                     *             }
                     *           ]
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["Site"][];
                        /**
                         * @description cursor of the next page; null on the last one
                         * @example WzE3XQ
                         */
                        next_cursor: string | null;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalSitesKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description site key
                 * @example tea
                 */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "site_key": "tea",
                     *       "sources": {
                     *         "waiting": 2,
                     *         "error": 1
                     *       },
                     *       "sources_active": 3,
                     *       "items": 1240,
                     *       "last_success_at": "2026-01-15T09:04:12.000Z",
                     *       "freshness_seconds": 3600,
                     *       "error_share": 0,
                     *       "yields": [
                     *         {
                     *           "run_id": 17,
                     *           "source_id": 1,
                     *           "at": "2026-01-15T09:04:12.000Z",
                     *           "status": "partial",
                     *           "items": 120,
                     *           "items_new": 12,
                     *           "items_updated": 30,
                     *           "items_rejected": 1,
                     *           "pages_failed": 0
                     *         }
                     *       ],
                     *       "fill": {
                     *         "title": 1,
                     *         "price": 0.98,
                     *         "image_url": 0.41
                     *       },
                     *       "sampled": 1240
                     *     }
                     */
                    "application/json": components["schemas"]["SiteDetail"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalSitesKeyFields: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description site key
                 * @example tea
                 */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "field": "price",
                     *         "filled": 0.98,
                     *         "filled_newest": 0.4,
                     *         "sample": [
                     *           1499.5,
                     *           2300,
                     *           990
                     *         ]
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["SiteFields"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalMonitoring: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "site_key": "tea",
                     *         "total_sources": 3,
                     *         "status": "waiting",
                     *         "last_synced_at": "2026-01-15T09:04:12.000Z",
                     *         "is_active": true,
                     *         "id": 1,
                     *         "url": "https://tea.example/catalogue",
                     *         "total_items": 120,
                     *         "scraped_last_run": 120
                     *       }
                     *     ]
                     */
                    "application/json": {
                        site_key: string;
                        total_sources: number;
                        status: string;
                        last_synced_at: string | null;
                        is_active: boolean;
                        id: number;
                        url: string;
                        total_items: number;
                        scraped_last_run: number;
                    }[];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalStats: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "scraped_24h": 1200,
                     *       "new_24h": 40,
                     *       "updated_24h": 310,
                     *       "runs_24h": 25,
                     *       "failed_runs_24h": 1,
                     *       "products_total": 5300,
                     *       "unscored_total": 12
                     *     }
                     */
                    "application/json": {
                        scraped_24h: number;
                        new_24h: number;
                        updated_24h: number;
                        runs_24h: number;
                        failed_runs_24h: number;
                        products_total: number;
                        unscored_total: number;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalRuns: {
        parameters: {
            query?: {
                /** @description a comma list */
                status?: string;
                /** @description only runs of this site */
                site_key?: string;
                /** @description only runs of this source */
                source_id?: number;
                /** @description a comma list */
                trigger?: string;
                /** @description a comma list; `source.run.web` is of the built-in worker */
                kind?: string;
                /** @description who leased the task last */
                worker_id?: string;
                /** @description `fingerprint` of `/internal/errors` */
                error_group?: string;
                /** @description text in the address, the site key or the error; letters a to z in any case */
                q?: string;
                /** @description runs made since then */
                from?: string;
                /** @description and before this */
                to?: string;
                /** @description least number of items stored */
                min_items?: number;
                /** @description greatest number of items stored */
                max_items?: number;
                /** @description most rows of the page */
                limit?: number;
                /** @description `next_cursor` of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": 17,
                     *           "source_id": 1,
                     *           "site_key": "tea",
                     *           "url": "https://tea.example/catalogue",
                     *           "source_type": "list",
                     *           "kind": "source.run",
                     *           "task_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                     *           "worker_id": "worker-1",
                     *           "attempts": 1,
                     *           "date": "2026-01-15T09:00:02.000Z",
                     *           "started_at": "2026-01-15T09:00:02.000Z",
                     *           "finished_at": "2026-01-15T09:04:12.000Z",
                     *           "duration_seconds": 250,
                     *           "status": "partial",
                     *           "strategy": "deep",
                     *           "trigger": "force",
                     *           "items_scraped": 120,
                     *           "items_new": 12,
                     *           "items_updated": 30,
                     *           "items_unchanged": 78,
                     *           "items_duplicate": 2,
                     *           "items_rejected": 1,
                     *           "categories_found": 0,
                     *           "pages_failed": 0,
                     *           "batches": 3,
                     *           "outcome": "partial",
                     *           "outcome_reason": null,
                     *           "last_activity_at": "2026-01-15T09:04:12.000Z",
                     *           "error": null,
                     *           "error_group": null,
                     *           "log_lines": 42
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["RunView"][];
                        /**
                         * @description null on the last page; a page may be empty although more follow
                         * @example WzE3XQ
                         */
                        next_cursor: string | null;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalRunsExport: {
        parameters: {
            query?: {
                /** @description a comma list */
                status?: string;
                /** @description only runs of this site */
                site_key?: string;
                /** @description only runs of this source */
                source_id?: number;
                /** @description a comma list */
                trigger?: string;
                /** @description a comma list; `source.run.web` is of the built-in worker */
                kind?: string;
                /** @description who leased the task last */
                worker_id?: string;
                /** @description `fingerprint` of `/internal/errors` */
                error_group?: string;
                /** @description text in the address, the site key or the error; letters a to z in any case */
                q?: string;
                /** @description runs made since then */
                from?: string;
                /** @description and before this */
                to?: string;
                /** @description least number of items stored */
                min_items?: number;
                /** @description greatest number of items stored */
                max_items?: number;
                /** @description form of the file */
                format?: "csv" | "ndjson";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example id,source_id,site_key
                     *     17,1,tea
                     */
                    "text/csv": string;
                    /** @example {"id":17,"source_id":1,"site_key":"tea"} */
                    "application/x-ndjson": string;
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalRunsId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description of the run
                 * @example 17
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 17,
                     *       "source_id": 1,
                     *       "site_key": "tea",
                     *       "url": "https://tea.example/catalogue",
                     *       "source_type": "list",
                     *       "kind": "source.run",
                     *       "task_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                     *       "worker_id": "worker-1",
                     *       "attempts": 1,
                     *       "date": "2026-01-15T09:00:02.000Z",
                     *       "started_at": "2026-01-15T09:00:02.000Z",
                     *       "finished_at": "2026-01-15T09:04:12.000Z",
                     *       "duration_seconds": 250,
                     *       "status": "partial",
                     *       "strategy": "deep",
                     *       "trigger": "force",
                     *       "items_scraped": 120,
                     *       "items_new": 12,
                     *       "items_updated": 30,
                     *       "items_unchanged": 78,
                     *       "items_duplicate": 2,
                     *       "items_rejected": 1,
                     *       "categories_found": 0,
                     *       "pages_failed": 0,
                     *       "batches": 3,
                     *       "outcome": "partial",
                     *       "outcome_reason": null,
                     *       "last_activity_at": "2026-01-15T09:04:12.000Z",
                     *       "error": null,
                     *       "error_group": null,
                     *       "log_lines": 42,
                     *       "progress": null,
                     *       "timeline": [
                     *         {
                     *           "at": "2026-01-15T09:00:00.000Z",
                     *           "event": "queued",
                     *           "data": {
                     *             "trigger": "force",
                     *             "strategy": "deep"
                     *           }
                     *         },
                     *         {
                     *           "at": "2026-01-15T09:00:02.000Z",
                     *           "event": "started",
                     *           "data": {
                     *             "worker_id": "worker-1",
                     *             "attempts": 1
                     *           }
                     *         },
                     *         {
                     *           "at": "2026-01-15T09:04:12.000Z",
                     *           "event": "ended",
                     *           "data": {
                     *             "status": "partial"
                     *           }
                     *         }
                     *       ],
                     *       "rejected": [
                     *         {
                     *           "index": 3,
                     *           "errors": [
                     *             {
                     *               "field": "title",
                     *               "message": "Field required"
                     *             }
                     *           ]
                     *         }
                     *       ],
                     *       "failed_pages": []
                     *     }
                     */
                    "application/json": components["schemas"]["RunDetail"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalRunsIdLogs: {
        parameters: {
            query?: {
                /** @description lines with a higher number */
                after?: number;
                /** @description of this level and above */
                level?: "debug" | "info" | "warn" | "error";
                /** @description text in the message; letters a to z in any case */
                q?: string;
                /** @description most lines */
                limit?: number;
            };
            header?: never;
            path: {
                /**
                 * @description of the run
                 * @example 17
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "lines": [
                     *         {
                     *           "n": 42,
                     *           "at": "2026-01-15T09:04:11.000Z",
                     *           "level": "info",
                     *           "message": "page 8: 60 products"
                     *         }
                     *       ],
                     *       "last": 42
                     *     }
                     */
                    "application/json": {
                        lines: {
                            n: number;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            at: string;
                            /** @enum {string} */
                            level: "debug" | "info" | "warn" | "error";
                            message: string;
                            fields?: {
                                [key: string]: unknown;
                            };
                        }[];
                        /** @description number of the newest line of the run */
                        last: number;
                    };
                    /** @example 2026-01-15T09:04:11.000Z INFO page 8: 60 products */
                    "text/plain": string;
                    /**
                     * @example id: 42
                     *     event: line
                     *     data: {"n":42,"at":"2026-01-15T09:04:11.000Z","level":"info","message":"page 8: 60 products"}
                     */
                    "text/event-stream": string;
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalRunsIdLogs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description of the run
                 * @example 17
                 */
                id: number;
            };
            cookie?: never;
        };
        /** @description At most 8 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "lines": [
                 *         {
                 *           "level": "warn",
                 *           "message": "page 7 answered 503",
                 *           "fields": {
                 *             "page": 7
                 *           }
                 *         },
                 *         "page 8: 60 products"
                 *       ]
                 *     }
                 */
                "application/json": {
                    /** @description a text, or an object; messages are cut at 8,192 characters */
                    lines: (string | {
                        message: string;
                        level?: ("debug" | "info" | "warn" | "error") | null;
                        /** @description when it was written; the time of arrival when absent */
                        at?: string | null;
                        fields?: {
                            [key: string]: unknown;
                        } | null;
                    })[];
                    /** @description with `fence`: only while this lease holds */
                    worker_id?: string | null;
                    fence?: (number | string) | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "last": 42
                     *     }
                     */
                    "application/json": {
                        /** @description number of the newest line */
                        last: number;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalSchedule: {
        parameters: {
            query?: {
                /** @description how far ahead, and for skips how far back */
                hours?: number;
                /** @description only sources of this site */
                site_key?: string;
                /** @description most sources of the page */
                limit?: number;
                /** @description `next_cursor` of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "from": "2026-01-15T09:00:00.000Z",
                     *       "to": "2026-01-16T09:00:00.000Z",
                     *       "items": [
                     *         {
                     *           "source_id": 1,
                     *           "site_key": "tea",
                     *           "url": "https://tea.example/catalogue",
                     *           "host": "tea.example",
                     *           "schedule": {
                     *             "cron": "0 6 * * *",
                     *             "timezone": "Europe/Moscow",
                     *             "jitter_seconds": 60
                     *           },
                     *           "refresh_interval_hours": null,
                     *           "times": [
                     *             "2026-01-16T03:00:41.000Z"
                     *           ],
                     *           "more": false
                     *         }
                     *       ],
                     *       "collisions": [
                     *         {
                     *           "host": "tea.example",
                     *           "at": "2026-01-16T03:00:00.000Z",
                     *           "count": 3,
                     *           "limit": 2,
                     *           "source_ids": [
                     *             1,
                     *             4,
                     *             5
                     *           ]
                     *         }
                     *       ],
                     *       "collisions_complete": true,
                     *       "skips": [
                     *         {
                     *           "run_id": 16,
                     *           "source_id": 1,
                     *           "site_key": "tea",
                     *           "at": "2026-01-15T03:00:41.000Z",
                     *           "reason": "overlap"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": {
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        from: string;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        to: string;
                        items: {
                            source_id: number;
                            site_key: string;
                            url: string;
                            host: string;
                            schedule: {
                                cron: string;
                                timezone: string;
                                jitter_seconds?: number;
                                blackout?: {
                                    days: number[];
                                    from: string;
                                    to: string;
                                }[];
                                /**
                                 * Format: date-time
                                 * @description RFC 3339, UTC
                                 */
                                ends_at?: string;
                            } | null;
                            /** @description of a source without a schedule */
                            refresh_interval_hours: number | null;
                            /** @description the first hundred; the first one may have passed */
                            times: string[];
                            /** @description whether further times follow within the hours */
                            more: boolean;
                        }[];
                        /** @description the worst hundred, on the first page */
                        collisions: {
                            host: string;
                            /**
                             * Format: date-time
                             * @description the minute
                             */
                            at: string;
                            /** @description due times in it */
                            count: number;
                            /** @description most tasks of the host at once; null without a limit */
                            limit: number | null;
                            /** @description the first twenty */
                            source_ids: number[];
                        }[];
                        /** @description whether every due time within the hours was looked at */
                        collisions_complete: boolean;
                        /** @description the newest hundred, on the first page */
                        skips: {
                            run_id: number;
                            source_id: number;
                            site_key: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            at: string;
                            reason: string | null;
                        }[];
                        /**
                         * @description cursor of the next page; null on the last one
                         * @example WzE3XQ
                         */
                        next_cursor: string | null;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalSchedulePreview: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "cron": "0 *\/6 * * *",
                 *       "timezone": "Europe/Berlin",
                 *       "blackout": [
                 *         {
                 *           "days": [
                 *             1,
                 *             2,
                 *             3,
                 *             4,
                 *             5
                 *           ],
                 *           "from": "22:00",
                 *           "to": "06:00"
                 *         }
                 *       ],
                 *       "count": 2
                 *     }
                 */
                "application/json": {
                    /** @description five cron fields */
                    cron: string;
                    /** @description IANA zone; UTC when absent */
                    timezone?: string | null;
                    /** @description each time comes up to so many seconds later */
                    jitter_seconds?: (number | string) | null;
                    blackout?: {
                        /** @description days on which it begins; 0 is Sunday */
                        days: (number | string)[];
                        /** @example 22:00 */
                        from: string;
                        /**
                         * @description it ends before this; on the next day unless this is later than `from`
                         * @example 22:00
                         */
                        to: string;
                    }[] | null;
                    /** @description no due time after it */
                    ends_at?: string | null;
                    /**
                     * @description most times
                     * @default 10
                     */
                    count?: (number | string) | null;
                    /** @description times after this; now when absent */
                    from?: string | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "times": [
                     *         "2026-01-15T11:00:00.000Z",
                     *         "2026-01-15T17:00:00.000Z"
                     *       ],
                     *       "warnings": [
                     *         {
                     *           "code": "jitter",
                     *           "message": "Each time of a source comes up to 60 s later, by its id and that time",
                     *           "at": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** @description without jitter, which each source has its own of */
                        times: string[];
                        warnings: {
                            /** @enum {string} */
                            code: "dst_gap" | "dst_repetition" | "blackout" | "ends_early" | "jitter";
                            message: string;
                            /** @description when it happens first */
                            at: string | null;
                        }[];
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalAttention: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "source_broken:site:tea",
                     *           "severity": "error",
                     *           "cause": "source_broken",
                     *           "scope": "source:1",
                     *           "since": "2026-01-15T09:04:12.000Z",
                     *           "title": "A source of tea is broken",
                     *           "detail": "https://tea.example/catalogue: HTTP 404",
                     *           "count": 1,
                     *           "actions": [
                     *             {
                     *               "label": "Run it again",
                     *               "method": "POST",
                     *               "path": "/internal/sources/1/force-run",
                     *               "body": {}
                     *             }
                     *           ]
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["AttentionItem"][];
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalAttentionIdMute: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description `id` of the list
                 * @example source_broken:site:tea
                 */
                id: string;
            };
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "until": "2026-01-16T09:00:00Z",
                 *       "reason": "the shop moves this week"
                 *     }
                 */
                "application/json": {
                    /**
                     * Format: date-time
                     * @description until when it comes last; a time that has passed ends a mute
                     * @example 2026-01-16T09:00:00Z
                     */
                    until: string;
                    /**
                     * @description for those who read the list
                     * @example the shop moves this week
                     */
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "source_broken:site:tea",
                     *       "until": "2026-01-16T09:00:00.000Z",
                     *       "reason": "the shop moves this week"
                     *     }
                     */
                    "application/json": {
                        id: string;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        until: string;
                        reason: string;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalErrors: {
        parameters: {
            query?: {
                /** @description failures of runs begun since then; a day ago unless it is given */
                from?: string;
                /** @description and before this */
                to?: string;
                /** @description only failures of this site */
                site_key?: string;
                /** @description only failures of this kind of task */
                kind?: string;
                /** @description most groups */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "fingerprint": "9f86d081884c7d65",
                     *           "message": "HTTP 503 for <url>",
                     *           "kinds": [
                     *             "source.run"
                     *           ],
                     *           "sites": [
                     *             "tea"
                     *           ],
                     *           "count": 12,
                     *           "first_at": "2026-01-15T08:04:12.000Z",
                     *           "last_at": "2026-01-15T09:04:12.000Z",
                     *           "sample_run_id": 17,
                     *           "sample_task_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: {
                            /** @description the `error_group` of its runs */
                            fingerprint: string;
                            /** @description the error without addresses, quoted texts, ids and numbers */
                            message: string;
                            kinds: string[];
                            /** @description 20 of them at most */
                            sites: string[];
                            count: number;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            first_at: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            last_at: string;
                            sample_run_id: number | null;
                            sample_task_id: string | null;
                        }[];
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalEvents: {
        parameters: {
            query: {
                /**
                 * @description a comma list of `fleet`, `runs`, `tasks`, `workers`, `attention`, `audit`, `site:KEY`, `source:ID`, `run:ID`
                 * @example runs,attention,site:tea
                 */
                topics: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example id: 42
                     *     event: run.ended
                     *     data: {"topic":"runs","type":"run.ended","at":"2026-01-15T09:04:12.000Z","data":{"run_id":17,"status":"partial"}}
                     */
                    "text/event-stream": string;
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalTasksCounts: {
        parameters: {
            query?: {
                /** @description only runs of this site */
                site_key?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "kind": "source.run",
                     *           "state": "queued",
                     *           "count": 12,
                     *           "oldest_at": "2026-01-15T09:00:00.000Z",
                     *           "per_minute_1": 4,
                     *           "per_minute_15": 3.2
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: {
                            kind: string;
                            /** @enum {string} */
                            state: "queued" | "leased" | "paused" | "cancelling" | "completed" | "failed" | "cancelled" | "dead";
                            /** @description of ended tasks those that are still kept, at most 10,000 */
                            count: number;
                            /** @description when the oldest of them was made; null for ended ones */
                            oldest_at: string | null;
                            /** @description tasks that came to this state in the last full minute; of `queued` those that were made */
                            per_minute_1?: number;
                            /** @description mean of the last 15 full minutes */
                            per_minute_15?: number;
                        }[];
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalSeries: {
        parameters: {
            query: {
                /** @description what was sampled */
                name: "items_new" | "items_updated" | "items_unchanged" | "items_rejected" | "runs_completed" | "runs_partial" | "runs_failed" | "runs_lost" | "runs_cancelled" | "runs_skipped" | "tasks_queued" | "tasks_leased" | "tasks_completed" | "tasks_failed" | "tasks_cancelled" | "tasks_dead" | "waiting" | "running" | "dead" | "oldest_seconds" | "lease_wait_ms" | "ingest_ms";
                /** @description only of this site; series of items and runs */
                site_key?: string;
                /** @description only of this kind; series of tasks */
                kind?: string;
                /** @description a day before `to` unless given */
                from?: string;
                /** @description now unless given */
                to?: string;
                /** @description seconds, rounded up to whole minutes (to whole hours, from two weeks back), and so that there are at most 2000 points */
                step?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "name": "items_new",
                     *       "is": "sum",
                     *       "step": 60,
                     *       "points": [
                     *         [
                     *           "2026-01-15T09:04:00.000Z",
                     *           12
                     *         ],
                     *         [
                     *           "2026-01-15T09:05:00.000Z",
                     *           7
                     *         ]
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** @enum {string} */
                        name: "items_new" | "items_updated" | "items_unchanged" | "items_rejected" | "runs_completed" | "runs_partial" | "runs_failed" | "runs_lost" | "runs_cancelled" | "runs_skipped" | "tasks_queued" | "tasks_leased" | "tasks_completed" | "tasks_failed" | "tasks_cancelled" | "tasks_dead" | "waiting" | "running" | "dead" | "oldest_seconds" | "lease_wait_ms" | "ingest_ms";
                        /**
                         * @description `sum` of what happened in a step; `level` on average in it; `mean` of single values
                         * @enum {string}
                         */
                        is: "sum" | "level" | "mean";
                        /** @description seconds */
                        step: number;
                        /** @description time at which a step begins, and value; steps in which there was nothing are left out */
                        points: [
                            string,
                            number
                        ][];
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalScoringTasks: {
        parameters: {
            query?: {
                /** @description most tasks; above 500 it is 500 */
                limit?: number;
                /** @description whose lease it is; without a name the lease lasts 120 s and gives way to other nameless ones */
                worker_id?: string;
                /** @description how long a named lease lasts, in seconds */
                lease_seconds?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "gift_id": "tea:https://tea.example/p/1",
                     *         "title": "Black tea in a tin",
                     *         "category": "Black tea",
                     *         "merchant": null,
                     *         "price": 1499.5,
                     *         "image_url": null,
                     *         "content_text": "Black tea in a tin Black tea"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["ScoringTask"][];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalScoringSubmit: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 32 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "results": [
                 *         {
                 *           "gift_id": "tea:https://tea.example/p/1",
                 *           "llm_gift_score": 7.5,
                 *           "llm_gift_reasoning": "A useful present for anyone who drinks tea",
                 *           "llm_scoring_model": "scorer",
                 *           "llm_scoring_version": "1",
                 *           "llm_gift_vector": {
                 *             "warmth": 6,
                 *             "practicality": 8
                 *           }
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["ScoringSubmitInput"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "updated": 1,
                     *       "rejected": [],
                     *       "results": [
                     *         {
                     *           "index": 0,
                     *           "gift_id": "tea:https://tea.example/p/1",
                     *           "status": "updated",
                     *           "ignored": []
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ScoringAnswer"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalCategoriesTasks: {
        parameters: {
            query?: {
                /** @description most tasks; above 500 it is 500 */
                limit?: number;
                /** @description whose lease it is; without a name the lease lasts 120 s and gives way to other nameless ones */
                worker_id?: string;
                /** @description how long a named lease lasts, in seconds */
                lease_seconds?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "external_name": "Black tea",
                     *         "products_count": 41,
                     *         "sample_titles": [
                     *           "Black tea in a tin"
                     *         ]
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["CategoryTask"][];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalCategoriesSubmit: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "results": [
                 *         {
                 *           "external_name": "Black tea",
                 *           "internal_category_id": 2
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["CategoriesSubmitInput"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "updated": 1,
                     *       "rejected": [],
                     *       "results": [
                     *         {
                     *           "index": 0,
                     *           "external_name": "Black tea",
                     *           "status": "updated"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["CategoriesAnswer"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalCategoriesTree: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "id": 2,
                     *         "name": "Tea",
                     *         "parent_id": 1
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["Category"][];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    putInternalCategoriesTree: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 8 MiB. */
        requestBody: {
            content: {
                /**
                 * @example [
                 *       {
                 *         "id": 1,
                 *         "name": "Drinks",
                 *         "parent_id": null
                 *       },
                 *       {
                 *         "id": 2,
                 *         "name": "Tea",
                 *         "parent_id": 1
                 *       }
                 *     ]
                 */
                "application/json": {
                    id: number | string;
                    name: string;
                    parent_id?: (number | string) | null;
                }[];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "count": 2,
                     *       "unmapped": 0
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        /** @description nodes of the tree */
                        count: number;
                        /** @description mappings that became tasks again */
                        unmapped: number;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalRecommendations: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "age": 34,
                 *       "relationship": "colleague",
                 *       "occasion": "birthday",
                 *       "interests": [
                 *         "tea",
                 *         "books"
                 *       ],
                 *       "budget": 2000,
                 *       "limit": 5,
                 *       "constraints": {
                 *         "exclude_keywords": [
                 *           "coffee"
                 *         ],
                 *         "budget_strictness": "strict"
                 *       }
                 *     }
                 */
                "application/json": {
                    age?: (number | string) | null;
                    /** @description alias of age */
                    recipient_age?: (number | string) | null;
                    gender?: ("male" | "female" | "unisex") | null;
                    /** @description alias of gender */
                    recipient_gender?: ("male" | "female" | "unisex") | null;
                    relationship?: string | null;
                    occasion?: string | null;
                    vibe?: string | null;
                    interests?: string[] | null;
                    interests_description?: string | null;
                    budget?: (number | string) | null;
                    /** @description 10 when absent */
                    limit?: (number | string) | null;
                    /** @description alias of limit */
                    top_n?: (number | string) | null;
                    /** @default 0.3 */
                    diversity?: (number | string) | null;
                    /** @default false */
                    debug?: (boolean | (0 | 1) | string) | null;
                    constraints?: {
                        exclude_keywords?: string[] | null;
                        exclude_categories?: string[] | null;
                        exclude_merchants?: string[] | null;
                        exclude_item_types?: string[] | null;
                        prefer_keywords?: string[] | null;
                        avoid_keywords?: string[] | null;
                        prefer_categories?: string[] | null;
                        min_price?: (number | string) | null;
                        max_price?: (number | string) | null;
                        /** @default false */
                        adult_allowed?: (boolean | (0 | 1) | string) | null;
                        /** @default soft */
                        budget_strictness?: ("soft" | "strict") | null;
                    } | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "engine_version": "vector_v1",
                     *       "featured_gift": {
                     *         "gift_id": "tea:https://tea.example/p/1",
                     *         "site_key": "tea",
                     *         "source_id": 1,
                     *         "title": "Black tea in a tin",
                     *         "description": null,
                     *         "price": 1499.5,
                     *         "currency": "RUB",
                     *         "image_url": null,
                     *         "product_url": "https://tea.example/p/1",
                     *         "merchant": null,
                     *         "category": "Black tea",
                     *         "is_active": true,
                     *         "content_text": "Black tea in a tin Black tea",
                     *         "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f",
                     *         "llm_gift_score": 7.5,
                     *         "llm_gift_reasoning": "A useful present for anyone who drinks tea",
                     *         "llm_gift_vector": {
                     *           "warmth": 6,
                     *           "practicality": 8
                     *         },
                     *         "llm_scoring_model": "scorer",
                     *         "llm_scoring_version": "1",
                     *         "llm_scored_at": "2026-01-15T10:00:00.000Z",
                     *         "needs_scoring": false,
                     *         "created_at": "2026-01-15T09:03:00.000Z",
                     *         "updated_at": "2026-01-15T10:00:00.000Z",
                     *         "last_seen_at": "2026-01-15T09:03:00.000Z",
                     *         "score": 0.74,
                     *         "similarity": 0.81,
                     *         "reasons": [
                     *           {
                     *             "code": "matches_interest",
                     *             "text": "Matches the interest \"tea\""
                     *           }
                     *         ]
                     *       },
                     *       "gifts": [
                     *         {
                     *           "gift_id": "tea:https://tea.example/p/1",
                     *           "site_key": "tea",
                     *           "source_id": 1,
                     *           "title": "Black tea in a tin",
                     *           "description": null,
                     *           "price": 1499.5,
                     *           "currency": "RUB",
                     *           "image_url": null,
                     *           "product_url": "https://tea.example/p/1",
                     *           "merchant": null,
                     *           "category": "Black tea",
                     *           "is_active": true,
                     *           "content_text": "Black tea in a tin Black tea",
                     *           "content_hash": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e8a0f1d3c5b7e9a2c4d6f8b0e1a3c5d7f",
                     *           "llm_gift_score": 7.5,
                     *           "llm_gift_reasoning": "A useful present for anyone who drinks tea",
                     *           "llm_gift_vector": {
                     *             "warmth": 6,
                     *             "practicality": 8
                     *           },
                     *           "llm_scoring_model": "scorer",
                     *           "llm_scoring_version": "1",
                     *           "llm_scored_at": "2026-01-15T10:00:00.000Z",
                     *           "needs_scoring": false,
                     *           "created_at": "2026-01-15T09:03:00.000Z",
                     *           "updated_at": "2026-01-15T10:00:00.000Z",
                     *           "last_seen_at": "2026-01-15T09:03:00.000Z",
                     *           "score": 0.74,
                     *           "similarity": 0.81,
                     *           "reasons": [
                     *             {
                     *               "code": "matches_interest",
                     *               "text": "Matches the interest \"tea\""
                     *             }
                     *           ]
                     *         }
                     *       ],
                     *       "debug": {}
                     *     }
                     */
                    "application/json": components["schemas"]["Recommendations"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalWorkersLease: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "worker_id": "worker-1",
                 *       "kinds": [
                 *         "source.run"
                 *       ],
                 *       "max": 2,
                 *       "lease_seconds": 60,
                 *       "wait_seconds": 20
                 *     }
                 */
                "application/json": {
                    /** @example worker-1 */
                    worker_id: string;
                    kinds?: ("source.run" | "source.run.web" | "scoring" | "category_mapping" | "embedding" | "notification")[] | null;
                    /** @description only runs of these sites */
                    site_keys?: string[] | null;
                    /** @description no runs of these sites */
                    exclude_site_keys?: string[] | null;
                    /** @default 1 */
                    max?: (number | string) | null;
                    /** @default 60 */
                    lease_seconds?: (number | string) | null;
                    /** @default 0 */
                    wait_seconds?: (number | string) | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "tasks": [
                     *         {
                     *           "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                     *           "fence": 1,
                     *           "attempt": 1,
                     *           "lease_expires_at": "2026-01-15T09:01:00.000Z",
                     *           "priority": 50,
                     *           "kind": "source.run",
                     *           "payload": {
                     *             "source_id": 1,
                     *             "url": "https://tea.example/catalogue",
                     *             "site_key": "tea",
                     *             "type": "list",
                     *             "strategy": "deep",
                     *             "config": {
                     *               "currency": "RUB"
                     *             },
                     *             "run_id": 17
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        tasks: components["schemas"]["Task"][];
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalWorkersTasksComplete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 8 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "worker_id": "worker-1",
                 *       "tasks": [
                 *         {
                 *           "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                 *           "fence": 1,
                 *           "result": {}
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    /** @example worker-1 */
                    worker_id: string;
                    tasks: {
                        /** @example 0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34 */
                        id: string;
                        /** @example 1 */
                        fence: number | string;
                        /** @description by kind: `{logs?}` of a source, `{llm_gift_score, ...}` of `scoring`, `{internal_category_id}` of `category_mapping`, `{embedding}` of `embedding`, anything of a notification */
                        result?: unknown;
                    }[];
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "completed": 1,
                     *       "rejected": []
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        completed: number;
                        rejected: {
                            id: string;
                            code: string;
                            message: string;
                        }[];
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalWorkersTasksIdHeartbeat: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the task
                 * @example 0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34
                 */
                id: string;
            };
            cookie?: never;
        };
        /** @description At most 8 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "worker_id": "worker-1",
                 *       "fence": 1,
                 *       "progress": {
                 *         "page": 2,
                 *         "pages": 5
                 *       }
                 *     }
                 */
                "application/json": {
                    /** @example worker-1 */
                    worker_id: string;
                    /** @example 1 */
                    fence: number | string;
                    lease_seconds?: (number | string) | null;
                    /** @description any JSON, shown with the task */
                    progress?: unknown;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "lease_expires_at": "2026-01-15T09:02:00.000Z",
                     *       "cancel_requested": false
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        lease_expires_at: string;
                        cancel_requested: boolean;
                        /**
                         * @description the progress was too large and has not been stored
                         * @constant
                         */
                        progress_dropped?: true;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalWorkersTasksIdComplete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the task
                 * @example 0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34
                 */
                id: string;
            };
            cookie?: never;
        };
        /** @description At most 8 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "worker_id": "worker-1",
                 *       "fence": 1,
                 *       "result": {
                 *         "logs": "120 products in 5 pages\n"
                 *       }
                 *     }
                 */
                "application/json": {
                    /** @example worker-1 */
                    worker_id: string;
                    /** @example 1 */
                    fence: number | string;
                    /** @description by kind: `{logs?}` of a source, `{llm_gift_score, ...}` of `scoring`, `{internal_category_id}` of `category_mapping`, `{embedding}` of `embedding`, anything of a notification */
                    result?: unknown;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "state": "completed"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        /** @constant */
                        state: "completed";
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalWorkersTasksIdFail: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the task
                 * @example 0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34
                 */
                id: string;
            };
            cookie?: never;
        };
        /** @description At most 8 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "worker_id": "worker-1",
                 *       "fence": 1,
                 *       "error": "the shop answered 503",
                 *       "retryable": true
                 *     }
                 */
                "application/json": {
                    /** @example worker-1 */
                    worker_id: string;
                    /** @example 1 */
                    fence: number | string;
                    error: string;
                    /** @default true */
                    retryable?: (boolean | (0 | 1) | string) | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "state": "pending",
                     *       "next_attempt_at": "2026-01-15T09:01:10.000Z"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        /** @enum {string} */
                        state: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
                        next_attempt_at: string | null;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalWorkersTasksIdRelease: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the task
                 * @example 0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34
                 */
                id: string;
            };
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "worker_id": "worker-1",
                 *       "fence": 1,
                 *       "delay_seconds": 30
                 *     }
                 */
                "application/json": {
                    /** @example worker-1 */
                    worker_id: string;
                    /** @example 1 */
                    fence: number | string;
                    /**
                     * @description how long the task is not offered to anybody
                     * @default 0
                     */
                    delay_seconds?: (number | string) | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalWorkersHeartbeat: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "hostname": "crawler-3",
                 *       "pid": 4117,
                 *       "concurrent_tasks": 2,
                 *       "ram_usage_pct": 41.5,
                 *       "worker_id": "worker-1"
                 *     }
                 */
                "application/json": {
                    hostname: string;
                    concurrent_tasks: number | string;
                    ram_usage_pct: number | string;
                    pid: number | string;
                    cpu_usage?: (number | string) | null;
                    /** @default online */
                    status?: string | null;
                    worker_id?: string | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "expires_in": 60
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        /**
                         * @description seconds
                         * @example 60
                         */
                        expires_in: number;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalWorkers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "worker_id": "worker-1",
                     *         "hostname": "crawler-3",
                     *         "last_seen": "2026-01-15T09:00:30.000Z",
                     *         "status": "online",
                     *         "concurrent_tasks": 2,
                     *         "ram_usage_pct": 41.5,
                     *         "pid": 4117,
                     *         "cpu_usage": 12,
                     *         "memory_usage": 41.5,
                     *         "tasks_count": 2,
                     *         "via": "http"
                     *       }
                     *     ]
                     */
                    "application/json": {
                        worker_id: string;
                        hostname: string;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        last_seen: string;
                        status: string;
                        concurrent_tasks: number;
                        ram_usage_pct: number;
                        pid: number;
                        cpu_usage: number;
                        memory_usage: number;
                        tasks_count: number;
                        /**
                         * @description `lease`: it sends no heartbeat and holds leases
                         * @enum {string}
                         */
                        via: "http" | "ws" | "redis" | "lease";
                    }[];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalTasks: {
        parameters: {
            query?: {
                /** @description only tasks in this status */
                status?: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
                /** @description only tasks in these states of the engine, a comma list */
                state?: string;
                /** @description only tasks of these kinds, a comma list; one that nobody knows has none */
                kind?: string;
                /** @description only runs of this site */
                site_key?: string;
                /** @description only runs of this source */
                source_id?: number;
                /** @description the task of this run */
                run_id?: number;
                /** @description only tasks that this worker has leased last */
                worker_id?: string;
                /** @description only tasks of this group, such as `host:tea.example` */
                group?: string;
                /** @description text in the id, the payload or the error; letters a to z in any case */
                q?: string;
                /** @description tasks made since then */
                from?: string;
                /** @description and before this */
                to?: string;
                /** @description `summary` leaves payload, result and progress out */
                view?: "full" | "summary";
                /** @description most tasks of the page */
                limit?: number;
                /** @description `next_cursor` of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "tasks": [
                     *         {
                     *           "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                     *           "fence": 1,
                     *           "attempt": 1,
                     *           "lease_expires_at": "2026-01-15T09:01:00.000Z",
                     *           "priority": 50,
                     *           "status": "leased",
                     *           "state": "leased",
                     *           "worker_id": "worker-1",
                     *           "site_key": null,
                     *           "group": null,
                     *           "error": null,
                     *           "result": null,
                     *           "progress": {
                     *             "page": 2,
                     *             "pages": 5
                     *           },
                     *           "max_attempts": 5,
                     *           "available_at": "2026-01-15T09:00:00.000Z",
                     *           "created_at": "2026-01-15T09:00:00.000Z",
                     *           "updated_at": "2026-01-15T09:00:02.000Z",
                     *           "finished_at": null,
                     *           "kind": "source.run",
                     *           "payload": {
                     *             "source_id": 1,
                     *             "url": "https://tea.example/catalogue",
                     *             "site_key": "tea",
                     *             "type": "list",
                     *             "strategy": "deep",
                     *             "config": {
                     *               "currency": "RUB"
                     *             },
                     *             "run_id": 17
                     *           }
                     *         }
                     *       ],
                     *       "next_cursor": "WzE3XQ",
                     *       "searched_to": "2026-01-15T09:00:00.000Z"
                     *     }
                     */
                    "application/json": {
                        tasks: components["schemas"]["ListedTask"][];
                        /**
                         * @description null on the last page; a page may be empty although more follow
                         * @example WzE3XQ
                         */
                        next_cursor: string | null;
                        /**
                         * Format: date-time
                         * @description set where filters had to look at one task after another: those made since then were looked at for this page
                         */
                        searched_to?: string;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalTasksExport: {
        parameters: {
            query?: {
                /** @description only tasks in this status */
                status?: "pending" | "leased" | "completed" | "failed" | "dead" | "cancelled";
                /** @description only tasks in these states of the engine, a comma list */
                state?: string;
                /** @description only tasks of these kinds, a comma list; one that nobody knows has none */
                kind?: string;
                /** @description only runs of this site */
                site_key?: string;
                /** @description only runs of this source */
                source_id?: number;
                /** @description only tasks that this worker has leased last */
                worker_id?: string;
                /** @description only tasks of this group, such as `host:tea.example` */
                group?: string;
                /** @description text in the id, the payload or the error; letters a to z in any case */
                q?: string;
                /** @description tasks made since then */
                from?: string;
                /** @description and before this */
                to?: string;
                /** @description `summary` leaves payload, result and progress out */
                view?: "full" | "summary";
                /** @description form of the file */
                format?: "csv" | "ndjson";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example id,kind,state
                     *     0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34,scoring,dead
                     */
                    "text/csv": string;
                    /** @example {"id":"0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34","kind":"scoring"} */
                    "application/x-ndjson": string;
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalTasksId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the task
                 * @example 0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                     *       "fence": 1,
                     *       "attempt": 1,
                     *       "lease_expires_at": "2026-01-15T09:01:00.000Z",
                     *       "priority": 50,
                     *       "status": "leased",
                     *       "state": "leased",
                     *       "worker_id": "worker-1",
                     *       "site_key": null,
                     *       "group": null,
                     *       "error": null,
                     *       "result": null,
                     *       "progress": {
                     *         "page": 2,
                     *         "pages": 5
                     *       },
                     *       "max_attempts": 5,
                     *       "available_at": "2026-01-15T09:00:00.000Z",
                     *       "created_at": "2026-01-15T09:00:00.000Z",
                     *       "updated_at": "2026-01-15T09:00:02.000Z",
                     *       "finished_at": null,
                     *       "kind": "source.run",
                     *       "payload": {
                     *         "source_id": 1,
                     *         "url": "https://tea.example/catalogue",
                     *         "site_key": "tea",
                     *         "type": "list",
                     *         "strategy": "deep",
                     *         "config": {
                     *           "currency": "RUB"
                     *         },
                     *         "run_id": 17
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["AnyTaskInfo"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalTasksRedrive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "kind": "scoring",
                 *       "limit": 50
                 *     }
                 */
                "application/json": {
                    ids?: string[] | null;
                    kind?: string | null;
                    /** @description most tasks that live again; of a kind 100 unless given */
                    limit?: (number | string) | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "redriven": 3,
                     *       "skipped": [
                     *         {
                     *           "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                     *           "reason": "not_dead"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        redriven: number;
                        skipped: {
                            id: string;
                            reason: string;
                        }[];
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalTasksIdCancel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the task
                 * @example 0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "state": "cancelled"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        /** @example cancelled */
                        state: string;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalWorkersConnect: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Switching protocols */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Upgrade required */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalTelegramSubscribers: {
        parameters: {
            query?: {
                /** @description most subscribers; all of them when absent */
                limit?: number;
                /** @description only subscribers with a greater id: the last one of the page before */
                after_id?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "id": 3,
                     *         "chat_id": 700001,
                     *         "slug": "ann",
                     *         "name": "Ann",
                     *         "mentor_id": null,
                     *         "subscriptions": [
                     *           "scraping"
                     *         ],
                     *         "language": "ru",
                     *         "is_active": true,
                     *         "role": "user",
                     *         "permissions": [],
                     *         "created_at": "2026-01-10T12:00:00.000Z",
                     *         "updated_at": "2026-01-10T12:00:00.000Z"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["Subscriber"][];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalTelegramSubscribers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "chat_id": 700001,
                 *       "name": "Ann",
                 *       "slug": "ann"
                 *     }
                 */
                "application/json": {
                    chat_id: number | string;
                    name?: string | null;
                    slug?: string | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 3,
                     *       "chat_id": 700001,
                     *       "slug": "ann",
                     *       "name": "Ann",
                     *       "mentor_id": null,
                     *       "subscriptions": [
                     *         "scraping"
                     *       ],
                     *       "language": "ru",
                     *       "is_active": true,
                     *       "role": "user",
                     *       "permissions": [],
                     *       "created_at": "2026-01-10T12:00:00.000Z",
                     *       "updated_at": "2026-01-10T12:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Subscriber"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalTelegramSubscribersByUsernameUsername: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description user name, in any case, with or without `@`
                 * @example ann
                 */
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 3,
                     *       "chat_id": 700001,
                     *       "slug": "ann",
                     *       "name": "Ann",
                     *       "mentor_id": null,
                     *       "subscriptions": [
                     *         "scraping"
                     *       ],
                     *       "language": "ru",
                     *       "is_active": true,
                     *       "role": "user",
                     *       "permissions": [],
                     *       "created_at": "2026-01-10T12:00:00.000Z",
                     *       "updated_at": "2026-01-10T12:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Subscriber"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalTelegramSubscribersChatId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Telegram chat of the subscriber
                 * @example 700001
                 */
                chat_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 3,
                     *       "chat_id": 700001,
                     *       "slug": "ann",
                     *       "name": "Ann",
                     *       "mentor_id": null,
                     *       "subscriptions": [
                     *         "scraping"
                     *       ],
                     *       "language": "ru",
                     *       "is_active": true,
                     *       "role": "user",
                     *       "permissions": [],
                     *       "created_at": "2026-01-10T12:00:00.000Z",
                     *       "updated_at": "2026-01-10T12:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Subscriber"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    patchInternalTelegramSubscribersChatId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Telegram chat of the subscriber
                 * @example 700001
                 */
                chat_id: number;
            };
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Ann",
                 *       "is_active": true
                 *     }
                 */
                "application/json": {
                    name?: string | null;
                    slug?: string | null;
                    is_active?: (boolean | (0 | 1) | string) | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 3,
                     *       "chat_id": 700001,
                     *       "slug": "ann",
                     *       "name": "Ann",
                     *       "mentor_id": null,
                     *       "subscriptions": [
                     *         "scraping"
                     *       ],
                     *       "language": "ru",
                     *       "is_active": true,
                     *       "role": "user",
                     *       "permissions": [],
                     *       "created_at": "2026-01-10T12:00:00.000Z",
                     *       "updated_at": "2026-01-10T12:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Subscriber"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalTelegramSubscribersChatIdRole: {
        parameters: {
            query: {
                /**
                 * @description the new role
                 * @example admin
                 */
                role: "user" | "admin" | "superadmin";
            };
            header?: never;
            path: {
                /**
                 * @description Telegram chat of the subscriber
                 * @example 700001
                 */
                chat_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalTelegramSubscribersChatIdPermissions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description Telegram chat of the subscriber
                 * @example 700001
                 */
                chat_id: number;
            };
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example [
                 *       "sources",
                 *       "runs"
                 *     ]
                 */
                "application/json": string[];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalTelegramSubscribersChatIdSubscribe: {
        parameters: {
            query: {
                /**
                 * @description name of the topic
                 * @example scraping
                 */
                topic: string;
            };
            header?: never;
            path: {
                /**
                 * @description Telegram chat of the subscriber
                 * @example 700001
                 */
                chat_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalTelegramSubscribersChatIdUnsubscribe: {
        parameters: {
            query: {
                /**
                 * @description name of the topic
                 * @example scraping
                 */
                topic: string;
            };
            header?: never;
            path: {
                /**
                 * @description Telegram chat of the subscriber
                 * @example 700001
                 */
                chat_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalTelegramSubscribersChatIdLanguage: {
        parameters: {
            query: {
                /**
                 * @description language code
                 * @example ru
                 */
                language: string;
            };
            header?: never;
            path: {
                /**
                 * @description Telegram chat of the subscriber
                 * @example 700001
                 */
                chat_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getInternalTelegramTopicsTopicSubscribers: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description name of the topic
                 * @example scraping
                 */
                topic: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "id": 3,
                     *         "chat_id": 700001,
                     *         "slug": "ann",
                     *         "name": "Ann",
                     *         "mentor_id": null,
                     *         "subscriptions": [
                     *           "scraping"
                     *         ],
                     *         "language": "ru",
                     *         "is_active": true,
                     *         "role": "user",
                     *         "permissions": [],
                     *         "created_at": "2026-01-10T12:00:00.000Z",
                     *         "updated_at": "2026-01-10T12:00:00.000Z"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["Subscriber"][];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalTelegramInvites: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "username": "boris",
                 *       "password": "a long secret",
                 *       "name": "Boris"
                 *     }
                 */
                "application/json": {
                    username: string;
                    password: string;
                    name?: string | null;
                    mentor_id?: (number | string) | null;
                    permissions?: string[] | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 3,
                     *       "chat_id": 700001,
                     *       "slug": "ann",
                     *       "name": "Ann",
                     *       "mentor_id": null,
                     *       "subscriptions": [
                     *         "scraping"
                     *       ],
                     *       "language": "ru",
                     *       "is_active": true,
                     *       "role": "user",
                     *       "permissions": [],
                     *       "created_at": "2026-01-10T12:00:00.000Z",
                     *       "updated_at": "2026-01-10T12:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Subscriber"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalTelegramInvitesClaim: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "username": "boris",
                 *       "password": "a long secret",
                 *       "chat_id": 700002
                 *     }
                 */
                "application/json": {
                    username: string;
                    password: string;
                    chat_id: number | string;
                    name?: string | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 3,
                     *       "chat_id": 700001,
                     *       "slug": "ann",
                     *       "name": "Ann",
                     *       "mentor_id": null,
                     *       "subscriptions": [
                     *         "scraping"
                     *       ],
                     *       "language": "ru",
                     *       "is_active": true,
                     *       "role": "user",
                     *       "permissions": [],
                     *       "created_at": "2026-01-10T12:00:00.000Z",
                     *       "updated_at": "2026-01-10T12:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Subscriber"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalWebappAuth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 16 KiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "init_data": "auth_date=1768467600&user=%7B%22id%22%3A700001%7D&hash=9f2c1d6e"
                 *     }
                 */
                "application/json": {
                    /** @description `initData` of the mini app, as Telegram gives it */
                    init_data: string;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "user": {
                     *         "id": 700001,
                     *         "name": "Ann",
                     *         "role": "admin",
                     *         "permissions": []
                     *       },
                     *       "token": "eyJhbGciOiJIUzI1NiJ9.e30.signature",
                     *       "token_type": "Bearer",
                     *       "expires_in": 43200
                     *     }
                     */
                    "application/json": components["schemas"]["DashboardLogin"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalWeeekConnect: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "telegram_chat_id": 700001,
                 *       "weeek_api_token": "a-token-of-weeek",
                 *       "timezone": "Europe/Moscow"
                 *     }
                 */
                "application/json": {
                    /**
                     * @description Telegram chat of the account
                     * @example 700001
                     */
                    telegram_chat_id: number | string;
                    weeek_api_token: string;
                    timezone?: string | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "weeek_user_id": "u-1",
                     *       "workspace_id": 911
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        weeek_user_id: string;
                        /** @description as Weeek has it */
                        workspace_id: (number | string) | null;
                    };
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyErrorWithDetail"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyErrorWithDetail"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyErrorWithDetail"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyErrorWithDetail"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyErrorWithDetail"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyErrorWithDetail"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyErrorWithDetail"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyErrorWithDetail"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyErrorWithDetail"];
                };
            };
            /** @description Upstream error */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyErrorWithDetail"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyErrorWithDetail"];
                };
            };
        };
    };
    getInternalWeeekTasks: {
        parameters: {
            query: {
                /**
                 * @description Telegram chat of the account
                 * @example 700001
                 */
                telegram_chat_id: number;
                /** @description what the list is narrowed to; days are those of the account's zone */
                type?: "all" | "today" | "tomorrow" | "overdue" | "workspace";
                /** @description only tasks of this project */
                project_id?: number | string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "tasks": [
                     *         {
                     *           "id": 1,
                     *           "title": "Call the shop",
                     *           "date": "2026-01-15",
                     *           "completed": false
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        tasks: {
                            [key: string]: unknown;
                        }[];
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Upstream error */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalWeeekTasks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "telegram_chat_id": 700001,
                 *       "title": "Call the shop",
                 *       "due_date": "2026-01-20"
                 *     }
                 */
                "application/json": {
                    /**
                     * @description Telegram chat of the account
                     * @example 700001
                     */
                    telegram_chat_id: number | string;
                    title: string;
                    description?: string | null;
                    project_id?: ((number | string) | string) | null;
                    board_id?: ((number | string) | string) | null;
                    due_date?: string | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "task": {
                     *         "id": 1,
                     *         "title": "Call the shop"
                     *       }
                     *     }
                     */
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Upstream error */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalWeeekTasksTaskIdReschedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the task in Weeek
                 * @example 1
                 */
                task_id: string;
            };
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "telegram_chat_id": 700001,
                 *       "new_date": "2026-01-21",
                 *       "reason": "The shop is closed today"
                 *     }
                 */
                "application/json": {
                    /**
                     * @description Telegram chat of the account
                     * @example 700001
                     */
                    telegram_chat_id: number | string;
                    new_date: string;
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "comment_added": true
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        comment_added: boolean;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Upstream error */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    postInternalWeeekTasksTaskIdComplete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the task in Weeek
                 * @example 1
                 */
                task_id: string;
            };
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "telegram_chat_id": 700001
                 *     }
                 */
                "application/json": {
                    /**
                     * @description Telegram chat of the account
                     * @example 700001
                     */
                    telegram_chat_id: number | string;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Upstream error */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getAnalyticsStats: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "dau": 310,
                     *       "quiz_completion_rate": 62.5,
                     *       "gift_ctr": 18.2,
                     *       "total_sessions": 1400,
                     *       "last_updated": "2026-01-15T09:00:00.000Z"
                     *     }
                     */
                    "application/json": {
                        dau: number;
                        /** @description percent */
                        quiz_completion_rate: number;
                        /** @description percent */
                        gift_ctr: number;
                        total_sessions: number;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        last_updated: string;
                        /** @description upstream and reason, only when something could not be fetched */
                        error?: string;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getAnalyticsTrends: {
        parameters: {
            query?: {
                /** @description days up to today; above 90 it is 90 */
                days?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "dates": [
                     *         "14-Jan-2026",
                     *         "15-Jan-2026"
                     *       ],
                     *       "dau_trend": [
                     *         305,
                     *         310
                     *       ],
                     *       "quiz_starts": [
                     *         120,
                     *         131
                     *       ],
                     *       "last_updated": "2026-01-15T09:00:00.000Z"
                     *     }
                     */
                    "application/json": {
                        dates: string[];
                        dau_trend: number[];
                        quiz_starts: number[];
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        last_updated: string;
                        /** @description upstream and reason, only when something could not be fetched */
                        error?: string;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getAnalyticsFunnel: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "steps": [
                     *         {
                     *           "name": "quiz_started",
                     *           "count": 1400,
                     *           "conversion_rate": 100
                     *         }
                     *       ],
                     *       "last_updated": "2026-01-15T09:00:00.000Z"
                     *     }
                     */
                    "application/json": {
                        steps: {
                            name: string;
                            count: number;
                            /** @description percent */
                            conversion_rate: number;
                        }[];
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        last_updated: string;
                        /** @description upstream and reason, only when something could not be fetched */
                        error?: string;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getAnalyticsTechnical: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "api_health": "healthy",
                     *       "requests_per_minute": 84,
                     *       "error_rate_5xx": 0,
                     *       "active_workers": 3,
                     *       "last_errors": [],
                     *       "api_latency_ms": 4.2,
                     *       "last_updated": "2026-01-15T09:00:00.000Z"
                     *     }
                     */
                    "application/json": {
                        /** @enum {string} */
                        api_health: "healthy" | "unknown" | "error";
                        requests_per_minute: number;
                        /** @description a second */
                        error_rate_5xx: number;
                        active_workers: number;
                        last_errors: string[];
                        /** @description mean of this process, without leases, which wait */
                        api_latency_ms?: number;
                        /** @description absent without Redis */
                        redis_memory_mb?: number;
                        /** @description of the file system with the database's file; absent where the database is elsewhere */
                        disk_usage_percent?: number;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        last_updated: string;
                        /** @description upstream and reason, only when something could not be fetched */
                        error?: string;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getAnalyticsScraping: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "active_sources": 42,
                     *       "unmapped_categories": 3,
                     *       "total_scraped_items": 120000,
                     *       "ingestion_errors": 2,
                     *       "spiders": {
                     *         "tea": {
                     *           "items_scraped": 1200
                     *         }
                     *       },
                     *       "last_updated": "2026-01-15T09:00:00.000Z"
                     *     }
                     */
                    "application/json": {
                        active_sources: number;
                        unmapped_categories: number;
                        total_scraped_items: number;
                        ingestion_errors: number;
                        spiders: {
                            [key: string]: {
                                items_scraped: number;
                            };
                        };
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        last_updated: string;
                        /** @description upstream and reason, only when something could not be fetched */
                        error?: string;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GiftyError"];
                };
            };
        };
    };
    getApiInternal2Tasks: {
        parameters: {
            query?: {
                /** @description only tasks in this status */
                status?: "queued" | "running" | "completed" | "failed" | "paused";
                /** @description only tasks of this type */
                type?: "DISCOVER_AREAS" | "FETCH_PROJECTS" | "FETCH_GROUPS" | "FETCH_PROJECT_DETAILS" | "FETCH_GROUP_DETAILS" | "FETCH_PROJECT_MEMBERS" | "FETCH_GROUP_MEMBERS" | "FETCH_ISSUES" | "FETCH_MERGE_REQUESTS" | "FETCH_COMMITS" | "FETCH_BRANCHES" | "FETCH_TAGS" | "FETCH_PIPELINES" | "FETCH_JOBS" | "FETCH_DEPLOYMENTS" | "FETCH_ENVIRONMENTS" | "FETCH_VULNERABILITIES";
                /** @description most tasks; below 1 it is 1, above 100 it is 100 */
                limit?: number;
                /** @description tasks to leave out at the beginning; below 0 it is 0 */
                offset?: number;
                /** @description made at this time or later */
                fromDate?: string;
                /** @description made at this time or earlier */
                toDate?: string;
                /** @description only tasks that this one spawned */
                spawnedFrom?: string;
                /** @description by creation time */
                order?: "asc" | "desc";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "id": "issues-of-platform-api",
                     *           "type": "FETCH_ISSUES",
                     *           "status": "running",
                     *           "createdAt": "2026-01-15T09:00:00.000Z",
                     *           "updatedAt": "2026-01-15T09:00:05.000Z",
                     *           "startedAt": "2026-01-15T09:00:02.000Z",
                     *           "progress": {
                     *             "processed": 50,
                     *             "total": 120,
                     *             "percentage": 42,
                     *             "currentStep": "issues"
                     *           }
                     *         }
                     *       ],
                     *       "meta": {
                     *         "total": 1,
                     *         "limit": 10,
                     *         "offset": 0,
                     *         "hasMore": false,
                     *         "filters": {
                     *           "status": "running"
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": {
                        data: components["schemas"]["CrawlerTask"][];
                        /**
                         * @example {
                         *       "total": 1,
                         *       "limit": 10,
                         *       "offset": 0,
                         *       "hasMore": false,
                         *       "filters": {
                         *         "status": "running"
                         *       }
                         *     }
                         */
                        meta: {
                            total: number;
                            limit: number;
                            offset: number;
                            hasMore: boolean;
                            filters?: {
                                [key: string]: string;
                            };
                        };
                    };
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
        };
    };
    postApiInternal2Tasks: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key and body gets the same answer */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "task",
                 *       "data": {
                 *         "id": "issues-of-platform-api",
                 *         "type": "FETCH_ISSUES",
                 *         "credentials": {
                 *           "accessToken": "glpat-example",
                 *           "tokenType": "pat"
                 *         },
                 *         "apiEndpoint": "https://gitlab.example/api/v4",
                 *         "priority": "normal",
                 *         "options": {
                 *           "resourceId": "platform/api",
                 *           "resourceType": "project",
                 *           "pagination": {
                 *             "pageSize": 50
                 *           }
                 *         }
                 *       }
                 *     }
                 */
                "application/json": {
                    type?: string | null;
                    data: components["schemas"]["CrawlerTaskDataInput"];
                };
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": {
                     *         "id": "issues-of-platform-api",
                     *         "type": "FETCH_ISSUES",
                     *         "status": "running",
                     *         "createdAt": "2026-01-15T09:00:00.000Z",
                     *         "updatedAt": "2026-01-15T09:00:05.000Z",
                     *         "startedAt": "2026-01-15T09:00:02.000Z",
                     *         "progress": {
                     *           "processed": 50,
                     *           "total": 120,
                     *           "percentage": 42,
                     *           "currentStep": "issues"
                     *         }
                     *       },
                     *       "message": "Task created successfully"
                     *     }
                     */
                    "application/json": {
                        data: components["schemas"]["CrawlerTask"];
                        /** @example Task created successfully */
                        message: string;
                    };
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
        };
    };
    postApiInternal2TasksBulk: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key and body gets the same answer */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "tasks": [
                 *         {
                 *           "id": "issues-of-platform-api",
                 *           "type": "FETCH_ISSUES",
                 *           "credentials": {
                 *             "accessToken": "glpat-example",
                 *             "tokenType": "pat"
                 *           },
                 *           "apiEndpoint": "https://gitlab.example/api/v4",
                 *           "priority": "normal",
                 *           "options": {
                 *             "resourceId": "platform/api",
                 *             "resourceType": "project",
                 *             "pagination": {
                 *               "pageSize": 50
                 *             }
                 *           }
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    tasks: (components["schemas"]["CrawlerTaskDataInput"] | {
                        type?: string;
                        data: components["schemas"]["CrawlerTaskDataInput"];
                    })[];
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "index": 0,
                     *           "id": "issues-of-platform-api",
                     *           "status": 201,
                     *           "data": {
                     *             "id": "issues-of-platform-api",
                     *             "type": "FETCH_ISSUES",
                     *             "status": "running",
                     *             "createdAt": "2026-01-15T09:00:00.000Z",
                     *             "updatedAt": "2026-01-15T09:00:05.000Z",
                     *             "startedAt": "2026-01-15T09:00:02.000Z",
                     *             "progress": {
                     *               "processed": 50,
                     *               "total": 120,
                     *               "percentage": 42,
                     *               "currentStep": "issues"
                     *             }
                     *           }
                     *         },
                     *         {
                     *           "index": 1,
                     *           "id": "issues-of-platform-api",
                     *           "status": 409,
                     *           "error": "Task with this ID already exists",
                     *           "code": "TASK_EXISTS"
                     *         }
                     *       ],
                     *       "meta": {
                     *         "total": 2,
                     *         "created": 1,
                     *         "failed": 1
                     *       }
                     *     }
                     */
                    "application/json": {
                        data: {
                            index: number;
                            id: string | null;
                            status: 201 | 400 | 409;
                            data?: components["schemas"]["CrawlerTask"];
                            error?: string;
                            code?: string;
                            fields?: {
                                field: string;
                                message: string;
                            }[];
                        }[];
                        meta: {
                            total: number;
                            created: number;
                            failed: number;
                        };
                    };
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
        };
    };
    getApiInternal2TasksId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the task, URL-encoded
                 * @example issues-of-platform-api
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": {
                     *         "id": "issues-of-platform-api",
                     *         "type": "FETCH_ISSUES",
                     *         "status": "running",
                     *         "createdAt": "2026-01-15T09:00:00.000Z",
                     *         "updatedAt": "2026-01-15T09:00:05.000Z",
                     *         "startedAt": "2026-01-15T09:00:02.000Z",
                     *         "progress": {
                     *           "processed": 50,
                     *           "total": 120,
                     *           "percentage": 42,
                     *           "currentStep": "issues"
                     *         },
                     *         "jobStatus": "running",
                     *         "metadata": {
                     *           "resourceId": "platform/api",
                     *           "resourceType": "project",
                     *           "apiEndpoint": "https://gitlab.example/api/v4",
                     *           "command": "issues",
                     *           "priority": "normal",
                     *           "attempts": 1,
                     *           "maxAttempts": 3,
                     *           "run": 1,
                     *           "leasedBy": "worker-1",
                     *           "leaseExpiresAt": "2026-01-15T09:01:02.000Z"
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": {
                        data: components["schemas"]["CrawlerTaskDetail"];
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
        };
    };
    putApiInternal2TasksId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the task, URL-encoded
                 * @example issues-of-platform-api
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "status": "paused",
                 *       "error": "paused by an operator"
                 *     }
                 */
                "application/json": {
                    status?: ("queued" | "running" | "completed" | "failed" | "paused") | null;
                    progress?: {
                        processedItems?: number | null;
                        processed?: number | null;
                        totalItems?: number | null;
                        total?: number | null;
                        percentage?: number | null;
                        currentStep?: string | null;
                        currentDataType?: string | null;
                        stage?: string | null;
                        operationType?: string | null;
                        lastProcessedId?: (string | number) | null;
                        message?: string | null;
                        error?: (string | Record<string, never>) | null;
                        errorTimestamp?: string | null;
                        itemsByType?: Record<string, never> | null;
                        itemsByTypeMode?: ("add" | "total") | null;
                        groupCount?: number | null;
                        projectCount?: number | null;
                        groupTotal?: number | null;
                        projectTotal?: number | null;
                        metadata?: Record<string, never> | null;
                        timeline?: {
                            /** @description an ISO-8601 time; UTC where it names no zone */
                            timestamp: string;
                            event: string;
                            details?: unknown;
                        }[] | null;
                        resumeState?: unknown;
                        credentialStatus?: Record<string, never> | null;
                        timestamp?: string | null;
                    } | null;
                    error?: string | null;
                    credentials?: {
                        accessToken: string;
                        refreshToken?: string | null;
                        clientId?: string | null;
                        clientSecret?: string | null;
                        tokenType?: ("oauth2" | "pat") | null;
                        expiresAt?: string | null;
                    } | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": {
                     *         "id": "issues-of-platform-api",
                     *         "type": "FETCH_ISSUES",
                     *         "status": "running",
                     *         "createdAt": "2026-01-15T09:00:00.000Z",
                     *         "updatedAt": "2026-01-15T09:00:05.000Z",
                     *         "startedAt": "2026-01-15T09:00:02.000Z",
                     *         "progress": {
                     *           "processed": 50,
                     *           "total": 120,
                     *           "percentage": 42,
                     *           "currentStep": "issues"
                     *         },
                     *         "jobStatus": "running",
                     *         "metadata": {
                     *           "resourceId": "platform/api",
                     *           "resourceType": "project",
                     *           "apiEndpoint": "https://gitlab.example/api/v4",
                     *           "command": "issues",
                     *           "priority": "normal",
                     *           "attempts": 1,
                     *           "maxAttempts": 3,
                     *           "run": 1,
                     *           "leasedBy": "worker-1",
                     *           "leaseExpiresAt": "2026-01-15T09:01:02.000Z"
                     *         }
                     *       },
                     *       "message": "Task updated successfully"
                     *     }
                     */
                    "application/json": {
                        data: components["schemas"]["CrawlerTaskDetail"];
                        /** @example Task updated successfully */
                        message: string;
                    };
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
        };
    };
    deleteApiInternal2TasksId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the task, URL-encoded
                 * @example issues-of-platform-api
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": "Task canceled successfully",
                     *       "data": {
                     *         "taskId": "issues-of-platform-api",
                     *         "status": "failed"
                     *       }
                     *     }
                     */
                    "application/json": {
                        message: string;
                        data: {
                            taskId: string;
                            /** @enum {string} */
                            status: "failed" | "deleted";
                        };
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
        };
    };
    postApiInternal2TasksLease: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "workerId": "worker-1",
                 *       "types": [
                 *         "FETCH_ISSUES"
                 *       ],
                 *       "max": 2,
                 *       "leaseSeconds": 60,
                 *       "waitSeconds": 20
                 *     }
                 */
                "application/json": {
                    workerId: string;
                    types?: ("DISCOVER_AREAS" | "FETCH_PROJECTS" | "FETCH_GROUPS" | "FETCH_PROJECT_DETAILS" | "FETCH_GROUP_DETAILS" | "FETCH_PROJECT_MEMBERS" | "FETCH_GROUP_MEMBERS" | "FETCH_ISSUES" | "FETCH_MERGE_REQUESTS" | "FETCH_COMMITS" | "FETCH_BRANCHES" | "FETCH_TAGS" | "FETCH_PIPELINES" | "FETCH_JOBS" | "FETCH_DEPLOYMENTS" | "FETCH_ENVIRONMENTS" | "FETCH_VULNERABILITIES")[] | null;
                    /** @default 1 */
                    max?: number | null;
                    /** @default 60 */
                    leaseSeconds?: number | null;
                    /** @default 0 */
                    waitSeconds?: number | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "id": "issues-of-platform-api",
                     *           "type": "FETCH_ISSUES",
                     *           "status": "running",
                     *           "createdAt": "2026-01-15T09:00:00.000Z",
                     *           "updatedAt": "2026-01-15T09:00:05.000Z",
                     *           "startedAt": "2026-01-15T09:00:02.000Z",
                     *           "progress": {
                     *             "processed": 50,
                     *             "total": 120,
                     *             "percentage": 42,
                     *             "currentStep": "issues"
                     *           },
                     *           "jobStatus": "running",
                     *           "metadata": {
                     *             "resourceId": "platform/api",
                     *             "resourceType": "project",
                     *             "apiEndpoint": "https://gitlab.example/api/v4",
                     *             "command": "issues",
                     *             "priority": "normal",
                     *             "attempts": 1,
                     *             "maxAttempts": 3,
                     *             "run": 1,
                     *             "leasedBy": "worker-1",
                     *             "leaseExpiresAt": "2026-01-15T09:01:02.000Z"
                     *           },
                     *           "credentials": {
                     *             "accessToken": "glpat-example",
                     *             "tokenType": "pat",
                     *             "refreshable": false,
                     *             "version": 1
                     *           },
                     *           "options": {
                     *             "resourceId": "platform/api",
                     *             "resourceType": "project",
                     *             "outputFormat": "json",
                     *             "includeMetadata": false
                     *           },
                     *           "resumeState": null,
                     *           "lease": {
                     *             "workerId": "worker-1",
                     *             "fence": 1,
                     *             "leaseSeconds": 60,
                     *             "expiresAt": "2026-01-15T09:01:02.000Z",
                     *             "attempt": 1,
                     *             "maxAttempts": 3
                     *           }
                     *         }
                     *       ],
                     *       "meta": {
                     *         "count": 1,
                     *         "serverTime": "2026-01-15T09:00:02.000Z"
                     *       }
                     *     }
                     */
                    "application/json": {
                        data: components["schemas"]["CrawlerLeasedTask"][];
                        /**
                         * @example {
                         *       "count": 1,
                         *       "serverTime": "2026-01-15T09:00:02.000Z"
                         *     }
                         */
                        meta: {
                            count: number;
                            serverTime: string;
                        };
                    };
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
        };
    };
    getApiInternal2TasksIdProgress: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the task, URL-encoded
                 * @example issues-of-platform-api
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": {
                     *         "taskId": "issues-of-platform-api",
                     *         "status": "running",
                     *         "jobStatus": "running",
                     *         "createdAt": "2026-01-15T09:00:00.000Z",
                     *         "lastUpdate": "2026-01-15T09:00:05.000Z",
                     *         "progress": {
                     *           "processed": 50,
                     *           "processedItems": 50,
                     *           "total": 120,
                     *           "totalItems": 120,
                     *           "percentage": 42,
                     *           "currentStep": "issues",
                     *           "message": null,
                     *           "error": null,
                     *           "errorTimestamp": null,
                     *           "metadata": {},
                     *           "itemsByType": {
                     *             "issues": 50
                     *           },
                     *           "currentDataType": null,
                     *           "lastProcessedId": null,
                     *           "stage": null,
                     *           "operationType": null,
                     *           "resumeState": {
                     *             "cursor": "page-2"
                     *           },
                     *           "lastAreasDiscovery": null,
                     *           "credentialStatus": null
                     *         },
                     *         "timeline": [
                     *           {
                     *             "timestamp": "2026-01-15T09:00:05.000Z",
                     *             "event": "stage_change",
                     *             "details": {
                     *               "stage": "issues"
                     *             }
                     *           }
                     *         ],
                     *         "timelineTruncated": 0
                     *       }
                     *     }
                     */
                    "application/json": {
                        data: {
                            /** @example issues-of-platform-api */
                            taskId: string;
                            /**
                             * @example running
                             * @enum {string}
                             */
                            status: "queued" | "running" | "completed" | "failed" | "paused";
                            /**
                             * @example running
                             * @enum {string}
                             */
                            jobStatus: "queued" | "running" | "finished" | "failed" | "paused" | "credential_expired" | "waiting_credential_renewal" | "credential_renewed";
                            /** @example 2026-01-15T09:00:00.000Z */
                            createdAt: string;
                            startedAt?: string;
                            completedAt?: string;
                            /** @example 2026-01-15T09:00:05.000Z */
                            lastUpdate: string;
                            progress: components["schemas"]["CrawlerProgress"];
                            timeline: {
                                timestamp: string;
                                event: string;
                                details?: unknown;
                            }[];
                            /**
                             * @description older events that were dropped
                             * @example 0
                             */
                            timelineTruncated: number;
                        };
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
        };
    };
    postApiInternal2TasksIdProgress: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key and body gets the same answer */
                "Idempotency-Key"?: string;
            };
            path: {
                /**
                 * @description id of the task, URL-encoded
                 * @example issues-of-platform-api
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "type": "progress",
                 *       "processedItems": 50,
                 *       "totalItems": 120,
                 *       "currentStep": "issues",
                 *       "itemsByType": {
                 *         "issues": 50
                 *       },
                 *       "resumeState": {
                 *         "cursor": "page-2"
                 *       },
                 *       "workerId": "worker-1",
                 *       "fence": 1
                 *     }
                 */
                "application/json": components["schemas"]["CrawlerUpdateInput"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": {
                     *         "taskId": "issues-of-platform-api",
                     *         "status": "acknowledged",
                     *         "message": "Progress update processed for task issues-of-platform-api",
                     *         "timestamp": "2026-01-15T09:00:05.000Z",
                     *         "currentStatus": "running",
                     *         "progress": {
                     *           "processed": 50,
                     *           "total": 120,
                     *           "percentage": 42,
                     *           "currentStep": "issues",
                     *           "message": null
                     *         },
                     *         "lease": {
                     *           "fence": 1,
                     *           "expiresAt": "2026-01-15T09:01:05.000Z"
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": {
                        data: components["schemas"]["CrawlerAcknowledged"];
                    };
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
        };
    };
    postApiInternal2TasksIdCredentialsRefresh: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the task, URL-encoded
                 * @example issues-of-platform-api
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "workerId": "worker-1",
                 *       "fence": 1,
                 *       "credentialsVersion": 1
                 *     }
                 */
                "application/json": {
                    workerId: string;
                    fence: number;
                    credentialsVersion: number;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": {
                     *         "taskId": "issues-of-platform-api",
                     *         "refreshSuccessful": true,
                     *         "credentials": {
                     *           "accessToken": "glpat-example",
                     *           "tokenType": "pat",
                     *           "refreshable": false,
                     *           "version": 2
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": {
                        data: {
                            taskId: string;
                            refreshSuccessful: boolean;
                            credentials?: components["schemas"]["CrawlerCredentials"];
                            reason?: string;
                        };
                    };
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
        };
    };
    getApiInternal2Connect: {
        parameters: {
            query?: {
                /** @description a bearer credential, for clients that cannot send headers */
                token?: string;
                /** @description name under which the connection can be resumed; a new one when absent */
                connectionId?: string;
                /** @description last event that the client has taken, to resume after it */
                lastSeq?: number;
                /** @description events to begin with; `all` when absent */
                subscribe?: "all" | "none";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Switching protocols */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
        };
    };
    postApiInternal2Connect: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "connectionId": "console-1",
                 *       "clientType": "console",
                 *       "version": "1.0"
                 *     }
                 */
                "application/json": {
                    connectionId?: string | null;
                    clientType?: string | null;
                    version?: string | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ready",
                     *       "connectionInfo": {
                     *         "connectionId": "console-1",
                     *         "serverTime": "2026-01-15T09:00:00.000Z",
                     *         "activeConnections": 3,
                     *         "maxConnections": 100,
                     *         "supportedProtocols": [
                     *           "gitlab-crawler-v1"
                     *         ],
                     *         "heartbeatInterval": 30000
                     *       },
                     *       "endpoints": {
                     *         "websocket": "/api/internal2/connect",
                     *         "tasks": "/api/internal2/tasks",
                     *         "health": "/api/internal2/health"
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ready";
                        connectionInfo: {
                            connectionId: string;
                            serverTime: string;
                            activeConnections: number;
                            maxConnections: number;
                            supportedProtocols: string[];
                            heartbeatInterval: number;
                        };
                        endpoints: {
                            websocket: string;
                            tasks: string;
                            health: string;
                        };
                    };
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
        };
    };
    getApiInternal2TasksIdWebsocket: {
        parameters: {
            query?: {
                /** @description a bearer credential, for clients that cannot send headers */
                token?: string;
                /** @description name under which the connection can be resumed; a new one when absent */
                connectionId?: string;
                /** @description last event that the client has taken, to resume after it */
                lastSeq?: number;
                /** @description events to begin with; `all` when absent */
                subscribe?: "all" | "none";
            };
            header?: never;
            path: {
                /**
                 * @description id of the task, URL-encoded
                 * @example issues-of-platform-api
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Switching protocols */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Conflict */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
        };
    };
    postApiInternal2TasksIdWebsocket: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the task, URL-encoded
                 * @example issues-of-platform-api
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "note": "paused for the night"
                 *     }
                 */
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "message_sent",
                     *       "taskId": "issues-of-platform-api",
                     *       "message": "Message broadcasted to 2 connections",
                     *       "connectionCount": 2,
                     *       "queued": 0,
                     *       "timestamp": "2026-01-15T09:00:05.000Z"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "message_sent";
                        taskId: string;
                        message: string;
                        connectionCount: number;
                        queued: number;
                        timestamp: string;
                    };
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
        };
    };
    getApiInternal2TasksIdEvents: {
        parameters: {
            query?: {
                /** @description a bearer credential, for clients that cannot send headers */
                token?: string;
                /** @description last event that the client has taken, where it cannot send `Last-Event-ID` */
                lastEventId?: number;
            };
            header?: never;
            path: {
                /**
                 * @description id of the task, URL-encoded
                 * @example issues-of-platform-api
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example id: 118
                     *     event: status
                     *     data: {"seq":118,"type":"status","data":{"taskId":"issues-of-platform-api"}}
                     */
                    "text/event-stream": string;
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
        };
    };
    getApiInternal2Health: {
        parameters: {
            query?: {
                /** @description `true` asks for all there is, which needs a credential */
                details?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "healthy",
                     *       "timestamp": "2026-01-15T09:00:00.000Z",
                     *       "version": "0.1.0",
                     *       "uptime": 3600,
                     *       "responseTime": 2
                     *     }
                     */
                    "application/json": components["schemas"]["CrawlerHealth"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "healthy" | "degraded" | "unhealthy";
                        timestamp: string;
                        version: string;
                        uptime: number;
                        responseTime: number;
                        services?: {
                            database: {
                                /** @enum {string} */
                                status: "up" | "degraded" | "down";
                                responseTime: number;
                            };
                            authentication: {
                                /** @enum {string} */
                                status: "up" | "degraded" | "down";
                                configured: boolean;
                            };
                            jobProcessor: {
                                /** @enum {string} */
                                status: "up" | "degraded" | "down";
                                activeJobs: number;
                                queuedJobs: number;
                                failedJobs: number;
                                recentCompletions: number;
                            };
                            websockets: {
                                /** @enum {string} */
                                status: "up" | "degraded" | "down";
                                activeConnections: number;
                                /** @constant */
                                supportEnabled: true;
                            };
                            eventBus?: {
                                /** @enum {string} */
                                status: "up" | "degraded" | "down";
                            };
                            dispatcher?: {
                                /** @enum {string} */
                                status: "up" | "degraded" | "down";
                            };
                        };
                        system?: {
                            runtimeVersion: string;
                            memoryUsage: {
                                used: number;
                                free: number;
                                total: number;
                            };
                        };
                        configuration?: {
                            crawlerApiTokenConfigured: boolean;
                            environment: string;
                        };
                        data?: {
                            /** @enum {string} */
                            status: "healthy" | "degraded" | "unhealthy";
                            timestamp: string;
                            version: string;
                            uptime: number;
                            responseTime: number;
                            services?: {
                                database: {
                                    /** @enum {string} */
                                    status: "up" | "degraded" | "down";
                                    responseTime: number;
                                };
                                authentication: {
                                    /** @enum {string} */
                                    status: "up" | "degraded" | "down";
                                    configured: boolean;
                                };
                                jobProcessor: {
                                    /** @enum {string} */
                                    status: "up" | "degraded" | "down";
                                    activeJobs: number;
                                    queuedJobs: number;
                                    failedJobs: number;
                                    recentCompletions: number;
                                };
                                websockets: {
                                    /** @enum {string} */
                                    status: "up" | "degraded" | "down";
                                    activeConnections: number;
                                    /** @constant */
                                    supportEnabled: true;
                                };
                                eventBus?: {
                                    /** @enum {string} */
                                    status: "up" | "degraded" | "down";
                                };
                                dispatcher?: {
                                    /** @enum {string} */
                                    status: "up" | "degraded" | "down";
                                };
                            };
                            system?: {
                                runtimeVersion: string;
                                memoryUsage: {
                                    used: number;
                                    free: number;
                                    total: number;
                                };
                            };
                            configuration?: {
                                crawlerApiTokenConfigured: boolean;
                                environment: string;
                            };
                        };
                        /** @constant */
                        error: "Health check failed";
                        message: string;
                        /** @constant */
                        code: "UNHEALTHY";
                        /** @constant */
                        retryable: true;
                        details: {
                            requestId: string;
                        };
                    };
                };
            };
        };
    };
    postApiInternal2Health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "operation": "clear_cache"
                 *     }
                 */
                "application/json": {
                    /** @enum {string} */
                    operation?: "deep_check" | "clear_cache";
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "operation": "clear_cache",
                     *       "timestamp": "2026-01-15T09:00:00.000Z",
                     *       "message": "Cache cleared successfully"
                     *     }
                     */
                    "application/json": {
                        operation: string;
                        timestamp: string;
                        results?: {
                            database: {
                                /** @enum {string} */
                                status: "up" | "degraded" | "down";
                                responseTime: number;
                            };
                            jobProcessor: {
                                /** @enum {string} */
                                status: "up" | "degraded" | "down";
                                activeJobs: number;
                                queuedJobs: number;
                                failedJobs: number;
                                recentCompletions: number;
                            };
                            system: {
                                runtimeVersion: string;
                                memoryUsage: {
                                    used: number;
                                    free: number;
                                    total: number;
                                };
                            };
                        };
                        message?: string;
                    };
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CrawlerError"];
                };
            };
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiV1Health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getHealthDb: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "response_time": 2,
                     *       "mode": "memory"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        /**
                         * @description ms
                         * @example 2
                         */
                        response_time: number;
                        /** @constant */
                        mode?: "memory";
                    };
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiHealthDb: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "response_time": 2,
                     *       "mode": "memory"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        /**
                         * @description ms
                         * @example 2
                         */
                        response_time: number;
                        /** @constant */
                        mode?: "memory";
                    };
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getHealthRedis: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "response_time": 2,
                     *       "mode": "memory"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        /**
                         * @description ms
                         * @example 2
                         */
                        response_time: number;
                        /** @constant */
                        mode?: "memory";
                    };
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiHealthRedis: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "response_time": 2,
                     *       "mode": "memory"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        /**
                         * @description ms
                         * @example 2
                         */
                        response_time: number;
                        /** @constant */
                        mode?: "memory";
                    };
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getHealthTelegram: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "active_sessions": 3,
                     *       "mode": "sandbox"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        /** @example 3 */
                        active_sessions: number;
                        /** @enum {string} */
                        mode: "sandbox" | "mtproto";
                    };
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiHealthTelegram: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok",
                     *       "active_sessions": 3,
                     *       "mode": "sandbox"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                        /** @example 3 */
                        active_sessions: number;
                        /** @enum {string} */
                        mode: "sandbox" | "mtproto";
                    };
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getInternalLoveParserPayments: {
        parameters: {
            query?: {
                /** @description of the payment */
                status?: "pending" | "completed" | "failed" | "cancelled";
                /** @description whose payments */
                user_id?: string;
                /**
                 * @description number of the order
                 * @example 1
                 */
                order?: string;
                /**
                 * @description ordered at this time or later
                 * @example 2026-01-31T09:00:00Z
                 */
                from?: string;
                /**
                 * @description ordered at this time or earlier
                 * @example 2026-01-31T09:00:00Z
                 */
                to?: string;
                /** @description most entries of a page */
                limit?: number;
                /** @description `next_cursor` of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56",
                     *           "order": "1",
                     *           "user_id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e57",
                     *           "subscription_id": null,
                     *           "plan_type": "month",
                     *           "amount": "950.00",
                     *           "currency": "RUB",
                     *           "status": "pending",
                     *           "is_test": false,
                     *           "created_at": "2026-01-15T09:00:00.000Z",
                     *           "paid_at": null
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["OperatorPayment"][];
                        /** @description absent on the last page */
                        next_cursor?: string;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getInternalLoveParserPaymentsRefused: {
        parameters: {
            query?: {
                /**
                 * @description number of the order
                 * @example 1
                 */
                order?: string;
                /** @description most entries of a page */
                limit?: number;
                /** @description `next_cursor` of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e58",
                     *           "reason": "signature",
                     *           "order": "1",
                     *           "sum": "950.00",
                     *           "address": "185.59.216.65",
                     *           "created_at": "2026-01-15T09:01:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["RefusedNotification"][];
                        /** @description absent on the last page */
                        next_cursor?: string;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getInternalLoveParserPaymentsOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description number of the order
                 * @example 1
                 */
                order: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56",
                     *       "order": "1",
                     *       "user_id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e57",
                     *       "subscription_id": null,
                     *       "plan_type": "month",
                     *       "amount": "950.00",
                     *       "currency": "RUB",
                     *       "status": "pending",
                     *       "is_test": false,
                     *       "created_at": "2026-01-15T09:00:00.000Z",
                     *       "paid_at": null,
                     *       "subscription": null,
                     *       "callback": {},
                     *       "refused": [
                     *         {
                     *           "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e58",
                     *           "reason": "signature",
                     *           "order": "1",
                     *           "sum": "950.00",
                     *           "address": "185.59.216.65",
                     *           "created_at": "2026-01-15T09:01:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["OperatorPaymentDetail"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    postInternalLoveParserPaymentsOrderNotificationResend: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description number of the order
                 * @example 1
                 */
                order: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "the money is there, the notification is not",
                 *       "amount": "950.00"
                 *     }
                 */
                "application/json": {
                    /** @description why, for the audit */
                    reason: string;
                    amount?: (string | number) | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56",
                     *       "order": "1",
                     *       "user_id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e57",
                     *       "subscription_id": null,
                     *       "plan_type": "month",
                     *       "amount": "950.00",
                     *       "currency": "RUB",
                     *       "status": "pending",
                     *       "is_test": false,
                     *       "created_at": "2026-01-15T09:00:00.000Z",
                     *       "paid_at": null
                     *     }
                     */
                    "application/json": components["schemas"]["OperatorPayment"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getInternalLoveParserUsersId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the user, or of the notification
                 * @example 0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e57",
                     *       "status": "active",
                     *       "phone_number": "+*********33",
                     *       "telegram_username": "ann",
                     *       "created_at": "2026-01-01T09:00:00.000Z",
                     *       "plan": {
                     *         "plan_type": "free",
                     *         "status": "active",
                     *         "expires_at": "2026-01-31T09:00:00.000Z"
                     *       },
                     *       "notifications": []
                     *     }
                     */
                    "application/json": components["schemas"]["OperatorUser"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    postInternalLoveParserUsersIdPlanEnd: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the user, or of the notification
                 * @example 0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "refunded",
                 *       "refund": {
                 *         "amount": "950.00",
                 *         "note": "by the shop"
                 *       }
                 *     }
                 */
                "application/json": {
                    /** @description why, for the audit */
                    reason: string;
                    at?: string | null;
                    refund?: {
                        /** @description roubles, such as `950.00` */
                        amount: string | number;
                        note?: string | null;
                    } | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "subscription_id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e59",
                     *       "plan_type": "month",
                     *       "status": "expired",
                     *       "expires_at": "2026-01-20T09:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["EndedPlan"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    postInternalLoveParserUsersIdBlock: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the user, or of the notification
                 * @example 0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "asked for by the user"
                 *     }
                 */
                "application/json": {
                    /** @description why, for the audit */
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e57",
                     *       "status": "blocked"
                     *     }
                     */
                    "application/json": components["schemas"]["OperatorUserStatus"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    postInternalLoveParserUsersIdUnblock: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the user, or of the notification
                 * @example 0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "asked for by the user"
                 *     }
                 */
                "application/json": {
                    /** @description why, for the audit */
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e57",
                     *       "status": "blocked"
                     *     }
                     */
                    "application/json": components["schemas"]["OperatorUserStatus"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    postInternalLoveParserNotificationsIdResend: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the user, or of the notification
                 * @example 0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "asked for by the user"
                 *     }
                 */
                "application/json": {
                    /** @description why, for the audit */
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e58",
                     *       "template": "PAYMENT_PENDING_REMINDER"
                     *     }
                     */
                    "application/json": components["schemas"]["ResentNotification"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getInternalLoveParserAudit: {
        parameters: {
            query: {
                /**
                 * @description `user:ID`, `payment:ORDER` or `notification:ID`
                 * @example payment:1
                 */
                target: string;
                /** @description most entries of a page */
                limit?: number;
                /** @description `next_cursor` of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e5a",
                     *           "at": "2026-01-20T09:00:00.000Z",
                     *           "actor": {
                     *             "kind": "dashboard",
                     *             "id": "subscriber:7",
                     *             "name": "Ann"
                     *           },
                     *           "action": "user.block",
                     *           "target": {
                     *             "kind": "user",
                     *             "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e57"
                     *           },
                     *           "before": {
                     *             "status": "active"
                     *           },
                     *           "after": {
                     *             "status": "blocked"
                     *           },
                     *           "reason": "spam",
                     *           "request_id": "3f1c7a52",
                     *           "ip": "203.0.113.7"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": {
                        items: components["schemas"]["AuditEntry"][];
                        /** @description absent on the last page */
                        next_cursor?: string;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    postApiV1TelegramAuthSendCode: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "phone_number": "+79990000001"
                 *     }
                 */
                "application/json": {
                    /** @description `+` and 10 to 15 digits, or `8` or `7` and 10 digits; blanks, brackets and dashes are left out */
                    phone_number: string;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "auth_session_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                     *       "phone_code_hash": "a1b2c3d4e5"
                     *     }
                     */
                    "application/json": components["schemas"]["SentCode"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    postApiV1TelegramAuthVerifyCode: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "auth_session_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                 *       "code": "12345"
                 *     }
                 */
                "application/json": {
                    /** Format: uuid */
                    auth_session_id: string;
                    /** @description 3 to 6 digits; blanks, brackets and dashes are left out */
                    code: string;
                    /** @description of two-step verification, when it is asked for */
                    password?: string | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_token": "eyJhbGciOiJIUzI1NiJ9.e30.signature",
                     *       "user": {
                     *         "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56",
                     *         "phone_number": "+79990000001",
                     *         "telegram_id": "700001",
                     *         "telegram_username": "ann",
                     *         "is_active": true,
                     *         "telegram_profile_photo_id": null,
                     *         "first_name": "Ann",
                     *         "last_name": null,
                     *         "subscription": {
                     *           "plan_type": "month",
                     *           "status": "active",
                     *           "expires_at": "2026-02-14T09:00:00.000Z"
                     *         },
                     *         "limits": {
                     *           "parsing_limit": 100,
                     *           "parsing_used": 3,
                     *           "parsing_resets_at": "2026-02-14T09:00:00.000Z",
                     *           "audience_limit": 50,
                     *           "audience_used": 1,
                     *           "audience_resets_at": "2026-02-14T09:00:00.000Z",
                     *           "broadcast_limit": -1,
                     *           "broadcast_used": 0,
                     *           "broadcast_resets_at": null
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Login"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiV1AuthMe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56",
                     *       "phone_number": "+79990000001",
                     *       "telegram_id": "700001",
                     *       "telegram_username": "ann",
                     *       "is_active": true,
                     *       "telegram_profile_photo_id": null,
                     *       "first_name": "Ann",
                     *       "last_name": null,
                     *       "subscription": {
                     *         "plan_type": "month",
                     *         "status": "active",
                     *         "expires_at": "2026-02-14T09:00:00.000Z"
                     *       },
                     *       "limits": {
                     *         "parsing_limit": 100,
                     *         "parsing_used": 3,
                     *         "parsing_resets_at": "2026-02-14T09:00:00.000Z",
                     *         "audience_limit": 50,
                     *         "audience_used": 1,
                     *         "audience_resets_at": "2026-02-14T09:00:00.000Z",
                     *         "broadcast_limit": -1,
                     *         "broadcast_used": 0,
                     *         "broadcast_resets_at": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["LoveParserUser"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiV1AuthLogout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                    };
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiV1Dashboard: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "user_profile": {
                     *         "name": "Ann",
                     *         "username": "@ann",
                     *         "photo_url": null,
                     *         "phone": "+79990000001"
                     *       },
                     *       "subscription": {
                     *         "plan": "month",
                     *         "status": "active",
                     *         "expires_at": "2026-02-14T09:00:00.000Z",
                     *         "renewal_status": "manual"
                     *       },
                     *       "limits": {
                     *         "parsing_limit": 100,
                     *         "parsing_used": 3,
                     *         "audience_limit": 50,
                     *         "audience_used": 1,
                     *         "broadcast_limit": "unlimited",
                     *         "broadcast_used": 0
                     *       },
                     *       "stats": {
                     *         "total_channels_found": 42,
                     *         "total_audience_analyzed": 12,
                     *         "total_broadcasts_sent": 0,
                     *         "recent_activity": [
                     *           {
                     *             "type": "parsing",
                     *             "name": "tea shops",
                     *             "created_at": "2026-01-15T09:00:00.000Z",
                     *             "status": "completed"
                     *           }
                     *         ]
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["LoveParserDashboard"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    postApiV1ParsingSearch: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key and body gets the same answer */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "query": "tea shops",
                 *       "filters": {
                 *         "language": "en",
                 *         "min_subscribers": 1000
                 *       }
                 *     }
                 */
                "application/json": {
                    query: string;
                    filters?: {
                        /** @description 2 to 8 characters, in any case */
                        language?: string | null;
                        min_subscribers?: number | string | null;
                        max_subscribers?: number | string | null;
                        activity_level?: ("low" | "medium" | "high") | null | string;
                    } | null;
                };
            };
        };
        responses: {
            /** @description Accepted */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "search_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                     *       "status": "processing",
                     *       "progress": 0,
                     *       "source": "sandbox"
                     *     }
                     */
                    "application/json": components["schemas"]["AcceptedSearch"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Answer */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiV1ParsingHistory: {
        parameters: {
            query?: {
                /** @description page, from 1 */
                page?: number;
                /** @description most entries of a page */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                     *         "query": "tea shops",
                     *         "filters": {
                     *           "language": "en",
                     *           "min_subscribers": 1000
                     *         },
                     *         "status": "completed",
                     *         "created_at": "2026-01-15T09:00:00.000Z",
                     *         "results_count": 42,
                     *         "source": "sandbox",
                     *         "error": null,
                     *         "completed_at": "2026-01-15T09:00:20.000Z"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["Search"][];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiV1ParsingSearchId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the search
                 * @example 0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34
                 */
                search_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                     *       "query": "tea shops",
                     *       "filters": {
                     *         "language": "en",
                     *         "min_subscribers": 1000
                     *       },
                     *       "status": "completed",
                     *       "created_at": "2026-01-15T09:00:00.000Z",
                     *       "results_count": 42,
                     *       "source": "sandbox",
                     *       "error": null,
                     *       "completed_at": "2026-01-15T09:00:20.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Search"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiV1ParsingSearchIdResults: {
        parameters: {
            query?: {
                /** @description page, from 1 */
                page?: number;
                /** @description most entries of a page */
                limit?: number;
                /** @description what the highest come first by */
                sort_by?: "subscribers" | "activity";
            };
            header?: never;
            path: {
                /**
                 * @description id of the search
                 * @example 0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34
                 */
                search_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "total": 42,
                     *       "page": 1,
                     *       "limit": 50,
                     *       "results": [
                     *         {
                     *           "channel_id": "1001",
                     *           "title": "Tea every day",
                     *           "username": "@teaday",
                     *           "subscribers": 12400,
                     *           "description": "News of tea shops",
                     *           "activity_score": 0.82,
                     *           "activity_level": "high",
                     *           "last_post": "2026-01-15T08:40:00.000Z"
                     *         }
                     *       ],
                     *       "source": "sandbox"
                     *     }
                     */
                    "application/json": components["schemas"]["SearchResults"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiV1ParsingSearchIdExport: {
        parameters: {
            query?: {
                /** @description form of the file */
                format?: "csv" | "excel" | "ndjson";
            };
            header?: never;
            path: {
                /**
                 * @description id of the search
                 * @example 0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34
                 */
                search_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example channel_id,title,username,subscribers
                     *     1001,Tea every day,@teaday,12400
                     */
                    "text/csv": string;
                    /** @example {"channel_id":"1001","title":"Tea every day"} */
                    "application/x-ndjson": string;
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiV1ParsingSearchIdProgress: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the search
                 * @example 0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34
                 */
                search_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example data: {"searchId":"0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34","status":"scanning_channels","progress":40,"current":40,"total":100}
                     *     id: 3
                     */
                    "text/event-stream": string;
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    postApiV1ParsingSearchIdCancel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the search
                 * @example 0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34
                 */
                search_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                     *       "query": "tea shops",
                     *       "filters": {
                     *         "language": "en",
                     *         "min_subscribers": 1000
                     *       },
                     *       "status": "completed",
                     *       "created_at": "2026-01-15T09:00:00.000Z",
                     *       "results_count": 42,
                     *       "source": "sandbox",
                     *       "error": null,
                     *       "completed_at": "2026-01-15T09:00:20.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Search"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiV1AudienceSegments: {
        parameters: {
            query?: {
                /** @description page, from 1 */
                page?: number;
                /** @description most entries of a page */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "id": "0198c5d0-8b62-7d4f-8e53-6a1f7c2b3d45",
                     *         "name": "Lively ones",
                     *         "description": null,
                     *         "source_parsing_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                     *         "filters": {
                     *           "activity_level": "high"
                     *         },
                     *         "total_recipients": 12,
                     *         "status": "ready",
                     *         "created_at": "2026-01-15T09:01:00.000Z",
                     *         "updated_at": "2026-01-15T09:01:00.000Z"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["Segment"][];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    postApiV1AudienceSegments: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key and body gets the same answer */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "Lively ones",
                 *       "source_parsing_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                 *       "filters": {
                 *         "activity_level": "high"
                 *       }
                 *     }
                 */
                "application/json": {
                    name: string;
                    description?: string | null;
                    /** Format: uuid */
                    source_parsing_id: string;
                    filters?: {
                        engagement_min?: number | string | null;
                        engagement_max?: number | string | null;
                        min_subscribers?: number | string | null;
                        max_subscribers?: number | string | null;
                        activity_level?: ("low" | "medium" | "high") | null | string;
                        /** @description 2 to 8 characters, in any case */
                        language?: string | null;
                        post_frequency?: ("daily" | "weekly" | "monthly") | null | string;
                    } | null;
                };
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0198c5d0-8b62-7d4f-8e53-6a1f7c2b3d45",
                     *       "name": "Lively ones",
                     *       "description": null,
                     *       "source_parsing_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                     *       "filters": {
                     *         "activity_level": "high"
                     *       },
                     *       "total_recipients": 12,
                     *       "status": "ready",
                     *       "created_at": "2026-01-15T09:01:00.000Z",
                     *       "updated_at": "2026-01-15T09:01:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Segment"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Answer */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiV1AudienceSegmentId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the segment
                 * @example 0198c5d0-8b62-7d4f-8e53-6a1f7c2b3d45
                 */
                segment_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0198c5d0-8b62-7d4f-8e53-6a1f7c2b3d45",
                     *       "name": "Lively ones",
                     *       "description": null,
                     *       "source_parsing_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                     *       "filters": {
                     *         "activity_level": "high"
                     *       },
                     *       "total_recipients": 12,
                     *       "status": "ready",
                     *       "created_at": "2026-01-15T09:01:00.000Z",
                     *       "updated_at": "2026-01-15T09:01:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Segment"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    putApiV1AudienceSegmentId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the segment
                 * @example 0198c5d0-8b62-7d4f-8e53-6a1f7c2b3d45
                 */
                segment_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "filters": {
                 *         "min_subscribers": 5000
                 *       }
                 *     }
                 */
                "application/json": {
                    filters?: {
                        engagement_min?: number | string | null;
                        engagement_max?: number | string | null;
                        min_subscribers?: number | string | null;
                        max_subscribers?: number | string | null;
                        activity_level?: ("low" | "medium" | "high") | null | string;
                        /** @description 2 to 8 characters, in any case */
                        language?: string | null;
                        post_frequency?: ("daily" | "weekly" | "monthly") | null | string;
                    } | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0198c5d0-8b62-7d4f-8e53-6a1f7c2b3d45",
                     *       "name": "Lively ones",
                     *       "description": null,
                     *       "source_parsing_id": "0198c5d0-7a51-7c3e-9d42-5f0e6b1a2c34",
                     *       "filters": {
                     *         "activity_level": "high"
                     *       },
                     *       "total_recipients": 12,
                     *       "status": "ready",
                     *       "created_at": "2026-01-15T09:01:00.000Z",
                     *       "updated_at": "2026-01-15T09:01:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Segment"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Answer */
            402: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    deleteApiV1AudienceSegmentId: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description id of the segment
                 * @example 0198c5d0-8b62-7d4f-8e53-6a1f7c2b3d45
                 */
                segment_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        success: true;
                    };
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiV1AudienceSegmentIdPreview: {
        parameters: {
            query?: {
                /** @description most recipients */
                limit?: number;
            };
            header?: never;
            path: {
                /**
                 * @description id of the segment
                 * @example 0198c5d0-8b62-7d4f-8e53-6a1f7c2b3d45
                 */
                segment_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "total": 12,
                     *       "preview": [
                     *         {
                     *           "username": "@teaday",
                     *           "user_id": "1001",
                     *           "engagement_score": 0.82,
                     *           "activity_level": "high"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["SegmentPreview"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiV1SubscriptionsPlans: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "plans": [
                     *         {
                     *           "type": "free",
                     *           "name": "Неделя",
                     *           "price": 450,
                     *           "currency": "RUB",
                     *           "limits": {
                     *             "parsing": 10,
                     *             "audience": 10,
                     *             "broadcast": 10
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Plans"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiV1SubscriptionsCurrent: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "plan_type": "month",
                     *       "status": "active",
                     *       "expires_at": "2026-02-14T09:00:00.000Z",
                     *       "renewal_status": "manual",
                     *       "auto_renewal_enabled": false
                     *     }
                     */
                    "application/json": components["schemas"]["CurrentSubscription"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    postApiV1SubscriptionsPurchase: {
        parameters: {
            query?: never;
            header?: {
                /** @description A repeat with the same key and body gets the same answer */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "plan_type": "month"
                 *     }
                 */
                "application/json": components["schemas"]["PurchaseInput"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "payment_id": "0198c5d0-9c73-7e5a-9f64-7b2a8d3c4e56",
                     *       "robokassa_url": "https://auth.robokassa.ru/Merchant/Index.aspx?MerchantLogin=demo&OutSum=950.00&InvId=1",
                     *       "order_id": "1"
                     *     }
                     */
                    "application/json": components["schemas"]["PurchaseAnswer"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getApiV1SubscriptionsWebhookRobokassa: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example OK1 */
                    "text/plain": string;
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    postApiV1SubscriptionsWebhookRobokassa: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "OutSum": "950.00",
                 *       "InvId": "1",
                 *       "SignatureValue": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e"
                 *     }
                 */
                "application/json": components["schemas"]["RobokassaNotificationInput"];
                /**
                 * @example {
                 *       "OutSum": "950.00",
                 *       "InvId": "1",
                 *       "SignatureValue": "9f2c1d6e0b7a4c58a1e3f5d7092b4c6e"
                 *     }
                 */
                "application/x-www-form-urlencoded": components["schemas"]["RobokassaNotificationInput"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "result": "OK"
                     *     }
                     */
                    "application/json": components["schemas"]["NotificationAnswer"];
                    /** @example OK1 */
                    "text/plain": string;
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Invalid request */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LoveParserError"];
                };
            };
        };
    };
    getInternalStickersetsCheck: {
        parameters: {
            query?: {
                /**
                 * @description name or link of the set
                 * @example tea_cats
                 */
                name?: string;
                /** @description link of the set; decides when both are given */
                url?: string;
            };
            header?: {
                /** @description language of names, descriptions and messages; English unless it is `ru` */
                "X-Language"?: "en" | "ru";
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "exists": true,
                     *       "name": "tea_cats",
                     *       "id": 11,
                     *       "title": "Tea cats"
                     *     }
                     */
                    "application/json": components["schemas"]["StickerSetCheck"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
        };
    };
    getInternalStickersetsSearch: {
        parameters: {
            query?: {
                /** @description words that all have to occur */
                query?: string;
                /** @description most sets */
                limit?: number;
                /** @description sets to leave out at the beginning */
                offset?: number;
                /** @description without Telegram's data of the sets */
                shortInfo?: boolean;
                /** @description with one sticker of each set, drawn anew */
                preview?: boolean;
            };
            header?: {
                /** @description language of names, descriptions and messages; English unless it is `ru` */
                "X-Language"?: "en" | "ru";
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "content": [
                     *         {
                     *           "id": 11,
                     *           "userId": 42,
                     *           "title": "Tea cats",
                     *           "description": null,
                     *           "descriptions": null,
                     *           "name": "tea_cats",
                     *           "url": "https://t.me/addstickers/tea_cats",
                     *           "createdAt": "2026-01-15T09:00:00.000Z",
                     *           "telegramStickerSetInfo": null,
                     *           "categories": [
                     *             {
                     *               "id": 3,
                     *               "key": "cute",
                     *               "name": "Cute",
                     *               "description": null,
                     *               "iconUrl": null,
                     *               "displayOrder": 30,
                     *               "isActive": true
                     *             }
                     *           ],
                     *           "likesCount": 5,
                     *           "state": "ACTIVE",
                     *           "visibility": "PUBLIC",
                     *           "type": "USER",
                     *           "deletedAt": null,
                     *           "blockReason": null,
                     *           "isPublic": true,
                     *           "isBlocked": false,
                     *           "isOfficial": false,
                     *           "authorId": 42,
                     *           "availableActions": [],
                     *           "isLikedByCurrentUser": false
                     *         }
                     *       ],
                     *       "limit": 20,
                     *       "offset": 0,
                     *       "totalElements": 1,
                     *       "hasNext": false
                     *     }
                     */
                    "application/json": components["schemas"]["StickerSetSearch"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
        };
    };
    getInternalStickersetsCategories: {
        parameters: {
            query?: never;
            header?: {
                /** @description language of names, descriptions and messages; English unless it is `ru` */
                "X-Language"?: "en" | "ru";
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "content": [
                     *         {
                     *           "id": 3,
                     *           "key": "cute",
                     *           "name": "Cute",
                     *           "description": null,
                     *           "iconUrl": null,
                     *           "displayOrder": 30,
                     *           "isActive": true
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["StickerCategoryList"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
        };
    };
    getInternalStickersetsAuthorAuthorId: {
        parameters: {
            query?: {
                /** @description page, from 0 */
                page?: number;
                /** @description most sets of a page */
                size?: number;
                /** @description what the sets are ordered by */
                sort?: "id" | "createdAt" | "title" | "name" | "likesCount" | "visibility";
                /** @description order of the sets */
                direction?: "ASC" | "DESC";
                /** @description keys of categories, comma-separated: sets of any of them */
                categoryKeys?: string;
                /** @description without Telegram's data of the sets */
                shortInfo?: boolean;
                /** @description with one sticker of each set, drawn anew */
                preview?: boolean;
            };
            header?: {
                /** @description language of names, descriptions and messages; English unless it is `ru` */
                "X-Language"?: "en" | "ru";
            };
            path: {
                /**
                 * @description id of the author
                 * @example 42
                 */
                authorId: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "content": [
                     *         {
                     *           "id": 11,
                     *           "userId": 42,
                     *           "title": "Tea cats",
                     *           "description": null,
                     *           "descriptions": null,
                     *           "name": "tea_cats",
                     *           "url": "https://t.me/addstickers/tea_cats",
                     *           "createdAt": "2026-01-15T09:00:00.000Z",
                     *           "telegramStickerSetInfo": null,
                     *           "categories": [
                     *             {
                     *               "id": 3,
                     *               "key": "cute",
                     *               "name": "Cute",
                     *               "description": null,
                     *               "iconUrl": null,
                     *               "displayOrder": 30,
                     *               "isActive": true
                     *             }
                     *           ],
                     *           "likesCount": 5,
                     *           "state": "ACTIVE",
                     *           "visibility": "PUBLIC",
                     *           "type": "USER",
                     *           "deletedAt": null,
                     *           "blockReason": null,
                     *           "isPublic": true,
                     *           "isBlocked": false,
                     *           "isOfficial": false,
                     *           "authorId": 42,
                     *           "availableActions": [],
                     *           "isLikedByCurrentUser": false
                     *         }
                     *       ],
                     *       "page": 0,
                     *       "size": 20,
                     *       "totalElements": 1,
                     *       "totalPages": 1,
                     *       "first": true,
                     *       "last": true,
                     *       "hasNext": false,
                     *       "hasPrevious": false
                     *     }
                     */
                    "application/json": components["schemas"]["StickerSetPage"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
        };
    };
    getInternalStickersetsId: {
        parameters: {
            query?: {
                /** @description without Telegram's data of the sets */
                shortInfo?: boolean;
            };
            header?: {
                /** @description language of names, descriptions and messages; English unless it is `ru` */
                "X-Language"?: "en" | "ru";
            };
            path: {
                /**
                 * @description id of the set
                 * @example 11
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 11,
                     *       "userId": 42,
                     *       "title": "Tea cats",
                     *       "description": null,
                     *       "descriptions": null,
                     *       "name": "tea_cats",
                     *       "url": "https://t.me/addstickers/tea_cats",
                     *       "createdAt": "2026-01-15T09:00:00.000Z",
                     *       "telegramStickerSetInfo": null,
                     *       "categories": [
                     *         {
                     *           "id": 3,
                     *           "key": "cute",
                     *           "name": "Cute",
                     *           "description": null,
                     *           "iconUrl": null,
                     *           "displayOrder": 30,
                     *           "isActive": true
                     *         }
                     *       ],
                     *       "likesCount": 5,
                     *       "state": "ACTIVE",
                     *       "visibility": "PUBLIC",
                     *       "type": "USER",
                     *       "deletedAt": null,
                     *       "blockReason": null,
                     *       "isPublic": true,
                     *       "isBlocked": false,
                     *       "isOfficial": false,
                     *       "authorId": 42,
                     *       "availableActions": [],
                     *       "isLikedByCurrentUser": false
                     *     }
                     */
                    "application/json": components["schemas"]["StickerSet"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
        };
    };
    deleteInternalStickersetsId: {
        parameters: {
            query?: never;
            header?: {
                /** @description language of names, descriptions and messages; English unless it is `ru` */
                "X-Language"?: "en" | "ru";
            };
            path: {
                /**
                 * @description id of the set
                 * @example 11
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done, without a body */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
        };
    };
    postInternalStickersets: {
        parameters: {
            query: {
                /**
                 * @description owner of the set
                 * @example 42
                 */
                userId: number;
                /** @description author of the set; its owner when absent */
                authorId?: number;
                /** @description without Telegram's data of the sets */
                shortInfo?: boolean;
            };
            header?: {
                /** @description language of names, descriptions and messages; English unless it is `ru` */
                "X-Language"?: "en" | "ru";
            };
            path?: never;
            cookie?: never;
        };
        /** @description At most 1 MiB. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "name": "https://t.me/addstickers/tea_cats",
                 *       "title": "Tea cats",
                 *       "categoryKeys": [
                 *         "cute"
                 *       ],
                 *       "visibility": "PUBLIC"
                 *     }
                 */
                "application/json": components["schemas"]["StickerSetCreateInput"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 11,
                     *       "userId": 42,
                     *       "title": "Tea cats",
                     *       "description": null,
                     *       "descriptions": null,
                     *       "name": "tea_cats",
                     *       "url": "https://t.me/addstickers/tea_cats",
                     *       "createdAt": "2026-01-15T09:00:00.000Z",
                     *       "telegramStickerSetInfo": null,
                     *       "categories": [
                     *         {
                     *           "id": 3,
                     *           "key": "cute",
                     *           "name": "Cute",
                     *           "description": null,
                     *           "iconUrl": null,
                     *           "displayOrder": 30,
                     *           "isActive": true
                     *         }
                     *       ],
                     *       "likesCount": 5,
                     *       "state": "ACTIVE",
                     *       "visibility": "PUBLIC",
                     *       "type": "USER",
                     *       "deletedAt": null,
                     *       "blockReason": null,
                     *       "isPublic": true,
                     *       "isBlocked": false,
                     *       "isOfficial": false,
                     *       "authorId": 42,
                     *       "availableActions": [],
                     *       "isLikedByCurrentUser": false
                     *     }
                     */
                    "application/json": components["schemas"]["StickerSet"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Body too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unsupported media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
        };
    };
    postInternalStickersetsIdPublish: {
        parameters: {
            query?: never;
            header?: {
                /** @description language of names, descriptions and messages; English unless it is `ru` */
                "X-Language"?: "en" | "ru";
            };
            path: {
                /**
                 * @description id of the set
                 * @example 11
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 11,
                     *       "userId": 42,
                     *       "title": "Tea cats",
                     *       "description": null,
                     *       "descriptions": null,
                     *       "name": "tea_cats",
                     *       "url": "https://t.me/addstickers/tea_cats",
                     *       "createdAt": "2026-01-15T09:00:00.000Z",
                     *       "telegramStickerSetInfo": null,
                     *       "categories": [
                     *         {
                     *           "id": 3,
                     *           "key": "cute",
                     *           "name": "Cute",
                     *           "description": null,
                     *           "iconUrl": null,
                     *           "displayOrder": 30,
                     *           "isActive": true
                     *         }
                     *       ],
                     *       "likesCount": 5,
                     *       "state": "ACTIVE",
                     *       "visibility": "PUBLIC",
                     *       "type": "USER",
                     *       "deletedAt": null,
                     *       "blockReason": null,
                     *       "isPublic": true,
                     *       "isBlocked": false,
                     *       "isOfficial": false,
                     *       "authorId": 42,
                     *       "availableActions": [],
                     *       "isLikedByCurrentUser": false
                     *     }
                     */
                    "application/json": components["schemas"]["StickerSet"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
        };
    };
    postInternalStickersetsIdUnpublish: {
        parameters: {
            query?: never;
            header?: {
                /** @description language of names, descriptions and messages; English unless it is `ru` */
                "X-Language"?: "en" | "ru";
            };
            path: {
                /**
                 * @description id of the set
                 * @example 11
                 */
                id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": 11,
                     *       "userId": 42,
                     *       "title": "Tea cats",
                     *       "description": null,
                     *       "descriptions": null,
                     *       "name": "tea_cats",
                     *       "url": "https://t.me/addstickers/tea_cats",
                     *       "createdAt": "2026-01-15T09:00:00.000Z",
                     *       "telegramStickerSetInfo": null,
                     *       "categories": [
                     *         {
                     *           "id": 3,
                     *           "key": "cute",
                     *           "name": "Cute",
                     *           "description": null,
                     *           "iconUrl": null,
                     *           "displayOrder": 30,
                     *           "isActive": true
                     *         }
                     *       ],
                     *       "likesCount": 5,
                     *       "state": "ACTIVE",
                     *       "visibility": "PUBLIC",
                     *       "type": "USER",
                     *       "deletedAt": null,
                     *       "blockReason": null,
                     *       "isPublic": true,
                     *       "isBlocked": false,
                     *       "isOfficial": false,
                     *       "authorId": 42,
                     *       "availableActions": [],
                     *       "isLikedByCurrentUser": false
                     *     }
                     */
                    "application/json": components["schemas"]["StickerSet"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Not allowed */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
        };
    };
    getApiStickersetsSearch: {
        parameters: {
            query?: {
                /** @description words that all have to occur */
                query?: string;
                /** @description most sets */
                limit?: number;
                /** @description sets to leave out at the beginning */
                offset?: number;
                /** @description without Telegram's data of the sets */
                shortInfo?: boolean;
                /** @description with one sticker of each set, drawn anew */
                preview?: boolean;
            };
            header?: {
                /** @description language of names, descriptions and messages; English unless it is `ru` */
                "X-Language"?: "en" | "ru";
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "content": [
                     *         {
                     *           "id": 11,
                     *           "userId": 42,
                     *           "title": "Tea cats",
                     *           "description": null,
                     *           "descriptions": null,
                     *           "name": "tea_cats",
                     *           "url": "https://t.me/addstickers/tea_cats",
                     *           "createdAt": "2026-01-15T09:00:00.000Z",
                     *           "telegramStickerSetInfo": null,
                     *           "categories": [
                     *             {
                     *               "id": 3,
                     *               "key": "cute",
                     *               "name": "Cute",
                     *               "description": null,
                     *               "iconUrl": null,
                     *               "displayOrder": 30,
                     *               "isActive": true
                     *             }
                     *           ],
                     *           "likesCount": 5,
                     *           "state": "ACTIVE",
                     *           "visibility": "PUBLIC",
                     *           "type": "USER",
                     *           "deletedAt": null,
                     *           "blockReason": null,
                     *           "isPublic": true,
                     *           "isBlocked": false,
                     *           "isOfficial": false,
                     *           "authorId": 42,
                     *           "availableActions": [],
                     *           "isLikedByCurrentUser": false
                     *         }
                     *       ],
                     *       "limit": 20,
                     *       "offset": 0,
                     *       "totalElements": 1,
                     *       "hasNext": false
                     *     }
                     */
                    "application/json": components["schemas"]["StickerSetSearch"];
                };
            };
            /** @description Bad request */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unexpected error */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StickersError"];
                };
            };
        };
    };
    getLivez: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": {
                        /** @constant */
                        status: "ok";
                    };
                };
            };
        };
    };
    getReadyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ready",
                     *       "checks": {
                     *         "database": "ok",
                     *         "process": "ok"
                     *       }
                     *     }
                     */
                    "application/json": {
                        /** @enum {string} */
                        status: "ready" | "not_ready";
                        checks: {
                            [key: string]: "ok" | "down" | "missing" | "stopping";
                        };
                    };
                };
            };
            /** @description Unavailable */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        status: "ready" | "not_ready";
                        checks: {
                            [key: string]: "ok" | "down" | "missing" | "stopping";
                        };
                    };
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example # TYPE trawl_tasks gauge
                     *     trawl_tasks{kind="scoring",state="queued"} 12
                     */
                    "text/plain": string;
                };
            };
            /** @description Missing or invalid credential */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Too many requests */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}

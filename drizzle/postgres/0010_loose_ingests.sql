-- The table work_leases, the columns crawler_tasks.lease_* and their index stay for the release before; nothing reads them any more.
CREATE TABLE "loose_ingests" (
	"at" timestamp (3) with time zone NOT NULL,
	"shard" integer NOT NULL,
	"items_scraped" bigint NOT NULL,
	"items_new" bigint NOT NULL,
	"items_updated" bigint NOT NULL,
	CONSTRAINT "loose_ingests_at_shard_pk" PRIMARY KEY("at","shard")
);

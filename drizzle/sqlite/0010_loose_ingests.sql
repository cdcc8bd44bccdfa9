-- The table work_leases, the columns crawler_tasks.lease_* and their index stay for the release before; nothing reads them any more.
CREATE TABLE `loose_ingests` (
	`at` integer NOT NULL,
	`shard` integer NOT NULL,
	`items_scraped` integer NOT NULL,
	`items_new` integer NOT NULL,
	`items_updated` integer NOT NULL,
	PRIMARY KEY(`at`, `shard`)
);

CREATE TABLE `task_clock` (
	`id` integer PRIMARY KEY NOT NULL,
	`seen_at` integer NOT NULL,
	`moves` integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
DROP INDEX `crawler_tasks_ready_ix`;--> statement-breakpoint
DROP INDEX `crawler_tasks_ready_type_ix`;--> statement-breakpoint
DROP INDEX `crawler_tasks_silent_ix`;--> statement-breakpoint
ALTER TABLE `crawler_tasks` ADD `engine_task_id` text;--> statement-breakpoint
CREATE INDEX `crawler_tasks_running_ix` ON `crawler_tasks` (`status`,`active_at`) WHERE "crawler_tasks"."status" = 'running';--> statement-breakpoint
CREATE INDEX `crawler_tasks_unadopted_ix` ON `crawler_tasks` (`id`) WHERE "crawler_tasks"."engine_task_id" is null;--> statement-breakpoint
DROP INDEX `tasks_ready_ix`;--> statement-breakpoint
ALTER TABLE `tasks` ADD `site_key` text;--> statement-breakpoint
ALTER TABLE `tasks` ADD `requeues` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `tasks_offer_ix` ON `tasks` (`kind`,"priority" desc,`run_after`,`requeues`,`id`) WHERE "tasks"."state" = 'queued';--> statement-breakpoint
CREATE INDEX `tasks_dead_ix` ON `tasks` (`kind`,`dedupe_key`) WHERE "tasks"."state" = 'dead';--> statement-breakpoint
ALTER TABLE `crawler_receipts` ADD `fingerprint` text;--> statement-breakpoint
ALTER TABLE `idempotency_keys` ADD `fingerprint` text;--> statement-breakpoint
ALTER TABLE `parsing_runs` ADD `items_rejected` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `parsing_runs` ADD `rejections` text;--> statement-breakpoint
ALTER TABLE `parsing_sources` ADD `is_forced` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `parsing_sources` ADD `switched_off_at` integer;--> statement-breakpoint
ALTER TABLE `love_parser_idempotency_keys` ADD `fingerprint` text;--> statement-breakpoint
CREATE INDEX `task_groups_cap_ix` ON `task_groups` (`cap`) WHERE "task_groups"."cap" is not null;--> statement-breakpoint
CREATE INDEX `task_groups_pause_ix` ON `task_groups` (`paused_until`) WHERE "task_groups"."paused_until" is not null;
CREATE TABLE `category_maps` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`external_name` text NOT NULL,
	`name_hash` text NOT NULL,
	`internal_category_id` integer,
	`is_verified` integer DEFAULT false NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `category_maps_name_uq` ON `category_maps` (`name_hash`);--> statement-breakpoint
CREATE INDEX `category_maps_unmapped_ix` ON `category_maps` (`id`) WHERE "category_maps"."internal_category_id" is null;--> statement-breakpoint
CREATE TABLE `idempotency_keys` (
	`scope` text NOT NULL,
	`key` text NOT NULL,
	`body_hash` text NOT NULL,
	`response` text,
	`expires_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`scope`, `key`)
);
--> statement-breakpoint
CREATE INDEX `idempotency_keys_expiry_ix` ON `idempotency_keys` (`expires_at`);--> statement-breakpoint
CREATE TABLE `outbox` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`queue` text NOT NULL,
	`message_id` text NOT NULL,
	`body` text NOT NULL,
	`published_at` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `outbox_unpublished_ix` ON `outbox` (`id`) WHERE "outbox"."published_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX `outbox_message_uq` ON `outbox` (`message_id`);--> statement-breakpoint
CREATE TABLE `parsing_runs` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`source_id` integer NOT NULL,
	`site_key` text NOT NULL,
	`task_id` text,
	`status` text NOT NULL,
	`strategy` text NOT NULL,
	`trigger` text NOT NULL,
	`reason` text,
	`error` text,
	`items_scraped` integer DEFAULT 0 NOT NULL,
	`items_new` integer DEFAULT 0 NOT NULL,
	`items_updated` integer DEFAULT 0 NOT NULL,
	`items_unchanged` integer DEFAULT 0 NOT NULL,
	`categories_found` integer DEFAULT 0 NOT NULL,
	`reported` integer DEFAULT false NOT NULL,
	`is_hub` integer DEFAULT false NOT NULL,
	`logs` text,
	`started_at` integer,
	`finished_at` integer,
	`last_activity_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`source_id`) REFERENCES `parsing_sources`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "parsing_runs_status_ck" CHECK("parsing_runs"."status" in ('queued', 'running', 'completed', 'failed', 'lost', 'cancelled', 'skipped'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `parsing_runs_open_uq` ON `parsing_runs` (`source_id`) WHERE "parsing_runs"."status" in ('queued', 'running');--> statement-breakpoint
CREATE INDEX `parsing_runs_history_ix` ON `parsing_runs` (`source_id`,"id" desc);--> statement-breakpoint
CREATE INDEX `parsing_runs_site_ix` ON `parsing_runs` (`site_key`,"id" desc);--> statement-breakpoint
CREATE INDEX `parsing_runs_created_ix` ON `parsing_runs` (`created_at`);--> statement-breakpoint
CREATE INDEX `parsing_runs_idle_ix` ON `parsing_runs` (`last_activity_at`) WHERE "parsing_runs"."status" in ('queued', 'running');--> statement-breakpoint
CREATE TABLE `parsing_sources` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`url` text NOT NULL,
	`url_hash` text NOT NULL,
	`type` text NOT NULL,
	`site_key` text NOT NULL,
	`strategy` text NOT NULL,
	`priority` integer NOT NULL,
	`refresh_interval_hours` integer NOT NULL,
	`schedule` text,
	`overlap` text NOT NULL,
	`is_active` integer NOT NULL,
	`status` text NOT NULL,
	`last_synced_at` integer,
	`next_sync_at` integer NOT NULL,
	`config` text NOT NULL,
	`retry_count` integer DEFAULT 0 NOT NULL,
	`fix_required` integer DEFAULT false NOT NULL,
	`last_error` text,
	`last_logs` text,
	`last_stats` text,
	`resume_status` text,
	`queued_after` text,
	`discovered_at` integer,
	`activated_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `parsing_sources_url_uq` ON `parsing_sources` (`url_hash`);--> statement-breakpoint
CREATE INDEX `parsing_sources_due_ix` ON `parsing_sources` (`next_sync_at`,"priority" desc) WHERE "parsing_sources"."is_active";--> statement-breakpoint
CREATE INDEX `parsing_sources_site_ix` ON `parsing_sources` (`site_key`,`type`);--> statement-breakpoint
CREATE INDEX `parsing_sources_status_ix` ON `parsing_sources` (`status`,"priority" desc,`created_at`);--> statement-breakpoint
CREATE INDEX `parsing_sources_quota_ix` ON `parsing_sources` (`activated_at`) WHERE "parsing_sources"."activated_at" is not null;--> statement-breakpoint
CREATE TABLE `product_prices` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`gift_hash` text NOT NULL,
	`price` real,
	`currency` text,
	`run_id` integer,
	`seen_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `product_prices_seen_ix` ON `product_prices` (`gift_hash`,"seen_at" desc);--> statement-breakpoint
CREATE TABLE `products` (
	`gift_hash` text PRIMARY KEY NOT NULL,
	`gift_id` text NOT NULL,
	`site_key` text NOT NULL,
	`source_id` integer,
	`title` text NOT NULL,
	`description` text,
	`price` real,
	`currency` text,
	`image_url` text,
	`product_url` text NOT NULL,
	`merchant` text,
	`category` text,
	`category_key` text,
	`is_active` integer NOT NULL,
	`content_text` text NOT NULL,
	`content_hash` text NOT NULL,
	`llm_gift_score` real,
	`llm_gift_reasoning` text,
	`llm_gift_vector` text,
	`llm_scoring_model` text,
	`llm_scoring_version` text,
	`llm_scored_at` integer,
	`llm_scored_hash` text,
	`needs_scoring` integer NOT NULL,
	`raw` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`last_seen_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `products_site_category_ix` ON `products` (`site_key`,`category_key`);--> statement-breakpoint
CREATE INDEX `products_source_ix` ON `products` (`source_id`,`site_key`);--> statement-breakpoint
CREATE INDEX `products_category_ix` ON `products` (`category_key`) WHERE "products"."is_active";--> statement-breakpoint
CREATE INDEX `products_updated_ix` ON `products` ("updated_at" desc);--> statement-breakpoint
CREATE INDEX `products_unscored_ix` ON `products` ("updated_at" desc) WHERE "products"."is_active" and "products"."needs_scoring";--> statement-breakpoint
CREATE INDEX `products_price_ix` ON `products` (`price`);--> statement-breakpoint
CREATE TABLE `schedule_skips` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`name` text NOT NULL,
	`due_at` integer NOT NULL,
	`reason` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `schedule_skips_name_ix` ON `schedule_skips` (`name`,`id`);--> statement-breakpoint
CREATE TABLE `schedules` (
	`name` text PRIMARY KEY NOT NULL,
	`cron` text NOT NULL,
	`timezone` text NOT NULL,
	`next_run_at` integer NOT NULL,
	`last_run_at` integer,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `schedules_due_ix` ON `schedules` (`next_run_at`);--> statement-breakpoint
CREATE TABLE `telegram_subscribers` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`chat_id` integer,
	`slug` text,
	`name` text,
	`mentor_id` integer,
	`language` text DEFAULT 'ru' NOT NULL,
	`is_active` integer NOT NULL,
	`role` text NOT NULL,
	`permissions` text NOT NULL,
	`invite_password_hash` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	CONSTRAINT "telegram_subscribers_role_ck" CHECK("telegram_subscribers"."role" in ('user', 'admin', 'superadmin'))
);
--> statement-breakpoint
CREATE UNIQUE INDEX `telegram_subscribers_chat_uq` ON `telegram_subscribers` (`chat_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `telegram_subscribers_slug_uq` ON `telegram_subscribers` (`slug`);--> statement-breakpoint
CREATE TABLE `task_groups` (
	`key` text PRIMARY KEY NOT NULL,
	`cap` integer,
	`paused_until` integer,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `tasks` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`payload` text NOT NULL,
	`priority` integer NOT NULL,
	`state` text NOT NULL,
	`run_after` integer NOT NULL,
	`attempts` integer DEFAULT 0 NOT NULL,
	`max_attempts` integer NOT NULL,
	`lease_owner` text,
	`lease_expires_at` integer,
	`lease_ms` integer,
	`last_end` text,
	`fence` integer DEFAULT 0 NOT NULL,
	`progress` text,
	`result` text,
	`error` text,
	`dedupe_key` text,
	`group_key` text,
	`expires_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`finished_at` integer,
	CONSTRAINT "tasks_state_ck" CHECK("tasks"."state" in ('queued', 'leased', 'paused', 'cancelling', 'completed', 'failed', 'cancelled', 'dead'))
);
--> statement-breakpoint
CREATE INDEX `tasks_ready_ix` ON `tasks` (`kind`,"priority" desc,`id`) WHERE "tasks"."state" = 'queued';--> statement-breakpoint
CREATE INDEX `tasks_lease_ix` ON `tasks` (`lease_expires_at`) WHERE "tasks"."state" in ('leased', 'cancelling');--> statement-breakpoint
CREATE UNIQUE INDEX `tasks_live_uq` ON `tasks` (`kind`,`dedupe_key`) WHERE "tasks"."state" in ('queued', 'leased', 'paused', 'cancelling') and "tasks"."dedupe_key" is not null;--> statement-breakpoint
CREATE INDEX `tasks_group_ix` ON `tasks` (`group_key`) WHERE "tasks"."state" in ('leased', 'cancelling') and "tasks"."group_key" is not null;--> statement-breakpoint
CREATE INDEX `tasks_expiry_ix` ON `tasks` (`expires_at`) WHERE "tasks"."state" = 'queued' and "tasks"."expires_at" is not null;--> statement-breakpoint
CREATE INDEX `tasks_finished_ix` ON `tasks` (`finished_at`) WHERE "tasks"."finished_at" is not null;--> statement-breakpoint
CREATE INDEX `tasks_kind_ix` ON `tasks` (`kind`,`state`,`id`);--> statement-breakpoint
CREATE TABLE `worker_heartbeats` (
	`hostname` text NOT NULL,
	`pid` integer NOT NULL,
	`worker_id` text NOT NULL,
	`status` text NOT NULL,
	`concurrent_tasks` real NOT NULL,
	`ram_usage_pct` real NOT NULL,
	`cpu_usage` real NOT NULL,
	`via` text NOT NULL,
	`last_seen` integer NOT NULL,
	PRIMARY KEY(`hostname`, `pid`)
);
--> statement-breakpoint
CREATE INDEX `worker_heartbeats_seen_ix` ON `worker_heartbeats` (`last_seen`);
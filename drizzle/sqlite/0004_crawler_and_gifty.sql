CREATE TABLE `claim_attempts` (
	`username` text NOT NULL,
	`attempted_at` integer NOT NULL,
	PRIMARY KEY(`username`, `attempted_at`)
);
--> statement-breakpoint
CREATE INDEX `claim_attempts_age_ix` ON `claim_attempts` (`attempted_at`);--> statement-breakpoint
CREATE TABLE `crawler_accounts` (
	`id` text PRIMARY KEY NOT NULL,
	`provider_id` text NOT NULL,
	`instance` text NOT NULL,
	`token_hash` text NOT NULL,
	`access_token` text,
	`refresh_token` text,
	`client_id` text,
	`client_secret` text,
	`token_type` text NOT NULL,
	`expires_at` integer,
	`version` integer NOT NULL,
	`refresh_owner` text,
	`refresh_until` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `crawler_accounts_token_uq` ON `crawler_accounts` (`token_hash`,`instance`);--> statement-breakpoint
CREATE TABLE `crawler_area_authorizations` (
	`account_id` text NOT NULL,
	`area_key` text NOT NULL,
	PRIMARY KEY(`account_id`, `area_key`),
	FOREIGN KEY (`account_id`) REFERENCES `crawler_accounts`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`area_key`) REFERENCES `crawler_areas`(`key`) ON UPDATE cascade ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `crawler_area_authorizations_area_ix` ON `crawler_area_authorizations` (`area_key`);--> statement-breakpoint
CREATE TABLE `crawler_areas` (
	`key` text PRIMARY KEY NOT NULL,
	`instance` text NOT NULL,
	`full_path` text NOT NULL,
	`gitlab_id` text NOT NULL,
	`type` text NOT NULL,
	`name` text NOT NULL,
	`web_url` text,
	`description` text,
	`parent_path` text,
	`discovered_by` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `crawler_areas_gitlab_uq` ON `crawler_areas` (`instance`,`type`,`gitlab_id`);--> statement-breakpoint
CREATE TABLE `crawler_audit` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`task_id` text NOT NULL,
	`task_type` text NOT NULL,
	`action` text NOT NULL,
	`status_before` text NOT NULL,
	`principal` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `crawler_audit_at_ix` ON `crawler_audit` (`at`);--> statement-breakpoint
CREATE TABLE `crawler_connections` (
	`connection_id` text NOT NULL,
	`scope` text NOT NULL,
	`principal` text NOT NULL,
	`socket` text NOT NULL,
	`process` text NOT NULL,
	`live` integer NOT NULL,
	`closed_at` integer,
	`sent_seq` integer NOT NULL,
	`acked_seq` integer,
	`subscriptions` text NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`connection_id`, `scope`)
);
--> statement-breakpoint
CREATE INDEX `crawler_connections_scope_ix` ON `crawler_connections` (`scope`);--> statement-breakpoint
CREATE INDEX `crawler_connections_closed_ix` ON `crawler_connections` (`closed_at`) WHERE "crawler_connections"."closed_at" is not null;--> statement-breakpoint
CREATE INDEX `crawler_connections_process_ix` ON `crawler_connections` (`process`);--> statement-breakpoint
CREATE TABLE `crawler_events` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`task_id` text,
	`type` text NOT NULL,
	`target` text,
	`holder` text,
	`frame` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `crawler_events_task_ix` ON `crawler_events` (`task_id`,`seq`);--> statement-breakpoint
CREATE INDEX `crawler_events_target_ix` ON `crawler_events` (`target`,`seq`) WHERE "crawler_events"."target" is not null;--> statement-breakpoint
CREATE INDEX `crawler_events_holder_ix` ON `crawler_events` (`holder`,`seq`) WHERE "crawler_events"."holder" is not null;--> statement-breakpoint
CREATE TABLE `crawler_processes` (
	`id` text PRIMARY KEY NOT NULL,
	`seen_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `crawler_receipts` (
	`key` text PRIMARY KEY NOT NULL,
	`task_id` text,
	`body_hash` text,
	`response` text,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `crawler_receipts_expiry_ix` ON `crawler_receipts` (`expires_at`);--> statement-breakpoint
CREATE INDEX `crawler_receipts_task_ix` ON `crawler_receipts` (`task_id`) WHERE "crawler_receipts"."task_id" is not null;--> statement-breakpoint
CREATE TABLE `crawler_task_areas` (
	`task_id` text NOT NULL,
	`area_key` text NOT NULL,
	PRIMARY KEY(`task_id`, `area_key`),
	FOREIGN KEY (`task_id`) REFERENCES `crawler_tasks`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`area_key`) REFERENCES `crawler_areas`(`key`) ON UPDATE cascade ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `crawler_task_areas_area_ix` ON `crawler_task_areas` (`area_key`);--> statement-breakpoint
CREATE TABLE `crawler_tasks` (
	`id` text PRIMARY KEY NOT NULL,
	`task_type` text NOT NULL,
	`command` text NOT NULL,
	`status` text NOT NULL,
	`failure_kind` text,
	`leasable` integer NOT NULL,
	`full_path` text,
	`resource_key` text,
	`gitlab_id` text,
	`resource_type` text,
	`branch` text,
	`from_date` integer,
	`to_date` integer,
	`account_id` text NOT NULL,
	`spawned_from` text,
	`spawn_run` integer,
	`spawn_key` text,
	`duplicate_key` text,
	`provider` text NOT NULL,
	`user_id` text,
	`api_endpoint` text,
	`instance` text NOT NULL,
	`options` text NOT NULL,
	`rate_limits` text,
	`priority` integer NOT NULL,
	`progress` text NOT NULL,
	`resume_state` text,
	`last_update` integer,
	`timeline_size` integer NOT NULL,
	`timeline_truncated` integer NOT NULL,
	`run` integer NOT NULL,
	`created_at` integer NOT NULL,
	`started_at` integer,
	`finished_at` integer,
	`updated_at` integer NOT NULL,
	`active_at` integer NOT NULL,
	`attempts` integer NOT NULL,
	`max_attempts` integer NOT NULL,
	`fence` integer NOT NULL,
	`lease_owner` text,
	`lease_seconds` integer,
	`lease_expires_at` integer,
	`available_at` integer NOT NULL,
	FOREIGN KEY (`account_id`) REFERENCES `crawler_accounts`(`id`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "crawler_tasks_status_ck" CHECK("crawler_tasks"."status" in ('queued', 'running', 'finished', 'failed', 'paused', 'credential_expired', 'waiting_credential_renewal', 'credential_renewed'))
);
--> statement-breakpoint
CREATE INDEX `crawler_tasks_status_ix` ON `crawler_tasks` (`status`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `crawler_tasks_type_ix` ON `crawler_tasks` (`task_type`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `crawler_tasks_created_ix` ON `crawler_tasks` (`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `crawler_tasks_finished_ix` ON `crawler_tasks` (`status`,`finished_at`) WHERE "crawler_tasks"."finished_at" is not null;--> statement-breakpoint
CREATE INDEX `crawler_tasks_ready_ix` ON `crawler_tasks` (`leasable`,"priority" desc,`created_at`,`id`) WHERE "crawler_tasks"."status" in ('queued', 'credential_renewed') and "crawler_tasks"."leasable" = 1;--> statement-breakpoint
CREATE INDEX `crawler_tasks_ready_type_ix` ON `crawler_tasks` (`leasable`,`task_type`,"priority" desc,`created_at`,`id`) WHERE "crawler_tasks"."status" in ('queued', 'credential_renewed') and "crawler_tasks"."leasable" = 1;--> statement-breakpoint
CREATE INDEX `crawler_tasks_lease_ix` ON `crawler_tasks` (`lease_expires_at`) WHERE "crawler_tasks"."lease_expires_at" is not null;--> statement-breakpoint
CREATE INDEX `crawler_tasks_silent_ix` ON `crawler_tasks` (`status`,`active_at`) WHERE "crawler_tasks"."status" = 'running' and "crawler_tasks"."lease_expires_at" is null;--> statement-breakpoint
CREATE INDEX `crawler_tasks_spawned_ix` ON `crawler_tasks` (`spawned_from`,`created_at`);--> statement-breakpoint
CREATE INDEX `crawler_tasks_account_ix` ON `crawler_tasks` (`account_id`,`status`);--> statement-breakpoint
CREATE INDEX `crawler_tasks_resource_ix` ON `crawler_tasks` (`account_id`,`resource_key`) WHERE "crawler_tasks"."resource_key" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX `crawler_tasks_duplicate_uq` ON `crawler_tasks` (`duplicate_key`) WHERE "crawler_tasks"."duplicate_key" is not null and "crawler_tasks"."status" not in ('finished', 'failed');--> statement-breakpoint
CREATE UNIQUE INDEX `crawler_tasks_spawn_uq` ON `crawler_tasks` (`spawn_key`);--> statement-breakpoint
CREATE TABLE `crawler_timeline` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`task_id` text NOT NULL,
	`at` integer NOT NULL,
	`event` text NOT NULL,
	`details` text
);
--> statement-breakpoint
CREATE INDEX `crawler_timeline_task_ix` ON `crawler_timeline` (`task_id`,`at`,`id`);--> statement-breakpoint
CREATE TABLE `internal_categories` (
	`id` integer PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`parent_id` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`parent_id`) REFERENCES `internal_categories`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `internal_categories_parent_ix` ON `internal_categories` (`parent_id`);--> statement-breakpoint
CREATE TABLE `product_documents` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`gift_hash` text NOT NULL,
	`content_hash` text NOT NULL,
	`indexed_at` integer NOT NULL,
	FOREIGN KEY (`gift_hash`) REFERENCES `products`(`gift_hash`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `product_documents_gift_uq` ON `product_documents` (`gift_hash`);--> statement-breakpoint
CREATE TABLE `product_embeddings` (
	`gift_hash` text NOT NULL,
	`model_name` text NOT NULL,
	`model_version` text NOT NULL,
	`dim` integer NOT NULL,
	`embedding` blob NOT NULL,
	`content_hash` text NOT NULL,
	`embedded_at` integer NOT NULL,
	PRIMARY KEY(`gift_hash`, `model_name`, `model_version`),
	FOREIGN KEY (`gift_hash`) REFERENCES `products`(`gift_hash`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `product_embeddings_news_ix` ON `product_embeddings` (`model_name`,`model_version`,`embedded_at`);--> statement-breakpoint
CREATE TABLE `search_progress` (
	`follower` text PRIMARY KEY NOT NULL,
	`position` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `search_term_grams` (
	`gram` text NOT NULL,
	`length` integer NOT NULL,
	`stem` text NOT NULL,
	PRIMARY KEY(`gram`, `length`, `stem`)
);
--> statement-breakpoint
CREATE TABLE `search_terms` (
	`stem` text PRIMARY KEY NOT NULL,
	`word` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `subscriber_topics` (
	`subscriber_id` integer NOT NULL,
	`topic` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`subscriber_id`, `topic`),
	FOREIGN KEY (`subscriber_id`) REFERENCES `telegram_subscribers`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `subscriber_topics_topic_ix` ON `subscriber_topics` (`topic`);--> statement-breakpoint
CREATE TABLE `weeek_accounts` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`telegram_chat_id` integer NOT NULL,
	`token_ciphertext` text NOT NULL,
	`weeek_user_id` text NOT NULL,
	`weeek_workspace_id` text,
	`timezone` text NOT NULL,
	`is_active` integer NOT NULL,
	`last_reminders` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	FOREIGN KEY (`telegram_chat_id`) REFERENCES `telegram_subscribers`(`chat_id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `weeek_accounts_chat_uq` ON `weeek_accounts` (`telegram_chat_id`);--> statement-breakpoint
CREATE INDEX `weeek_accounts_zone_ix` ON `weeek_accounts` (`timezone`);--> statement-breakpoint
CREATE TABLE `work_leases` (
	`kind` text NOT NULL,
	`subject` text NOT NULL,
	`holder` text NOT NULL,
	`content_hash` text,
	`expires_at` integer NOT NULL,
	PRIMARY KEY(`kind`, `subject`)
);
--> statement-breakpoint
CREATE INDEX `work_leases_anonymous_ix` ON `work_leases` (`kind`,`expires_at`) WHERE "work_leases"."holder" = '';--> statement-breakpoint
CREATE INDEX `work_leases_expiry_ix` ON `work_leases` (`expires_at`);--> statement-breakpoint
DROP INDEX `products_unscored_ix`;--> statement-breakpoint
CREATE INDEX `products_rescoring_ix` ON `products` ("updated_at" desc) WHERE "products"."is_active" and "products"."needs_scoring" and "products"."llm_gift_score" is not null;--> statement-breakpoint
CREATE INDEX `products_best_ix` ON `products` ("llm_gift_score" desc) WHERE "products"."is_active" and "products"."llm_gift_score" is not null;--> statement-breakpoint
CREATE INDEX `products_unscored_ix` ON `products` ("updated_at" desc) WHERE "products"."is_active" and "products"."needs_scoring" and "products"."llm_gift_score" is null;
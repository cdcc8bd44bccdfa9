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
CREATE INDEX `crawler_events_created_ix` ON `crawler_events` (`created_at`);--> statement-breakpoint
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
CREATE INDEX `crawler_tasks_finished_ix` ON `crawler_tasks` (`status`,`finished_at`);--> statement-breakpoint
CREATE INDEX `crawler_tasks_ready_ix` ON `crawler_tasks` ("priority" desc,`created_at`,`id`) WHERE "crawler_tasks"."status" in ('queued', 'credential_renewed') and "crawler_tasks"."leasable" = 1;--> statement-breakpoint
CREATE INDEX `crawler_tasks_ready_type_ix` ON `crawler_tasks` (`task_type`,"priority" desc,`created_at`,`id`) WHERE "crawler_tasks"."status" in ('queued', 'credential_renewed') and "crawler_tasks"."leasable" = 1;--> statement-breakpoint
CREATE INDEX `crawler_tasks_lease_ix` ON `crawler_tasks` (`lease_expires_at`) WHERE "crawler_tasks"."lease_expires_at" is not null;--> statement-breakpoint
CREATE INDEX `crawler_tasks_silent_ix` ON `crawler_tasks` (`active_at`) WHERE "crawler_tasks"."status" = 'running' and "crawler_tasks"."lease_expires_at" is null;--> statement-breakpoint
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
CREATE INDEX `crawler_timeline_task_ix` ON `crawler_timeline` (`task_id`,`at`,`id`);